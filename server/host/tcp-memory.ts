// The host's TCP sockets, their memory and its limit: from /proc/net/sockstat, /proc/net/netstat and tcp_mem.
import { readFileSync } from 'node:fs';

/** The TCP sockets of the whole host, including those of other programs and containers. */
export interface TcpMemory {
  /** Sockets that hold memory, including listening and closing ones. */
  readonly sockets: number;
  /** Memory of their buffers. */
  readonly usedBytes: number;
  /** Above this the kernel refuses more buffers (third number of tcp_mem); Infinity if it cannot be read. */
  readonly limitBytes: number;
}

const AT_PAGESZ = 6n;
const USUAL_PAGE_BYTES = 4096;

/** Reads the page size from the auxiliary vector that the kernel gives each program (getauxval(3)). */
function readPageBytes(): number {
  try {
    const vector = readFileSync('/proc/self/auxv');
    for (let at = 0; at + 16 <= vector.length; at += 16) {
      if (vector.readBigUInt64LE(at) === AT_PAGESZ) return Number(vector.readBigUInt64LE(at + 8));
    }
  } catch {
    // Not Linux: nothing else here can be read either.
  }
  return USUAL_PAGE_BYTES;
}

/** Size of a page of memory. */
export const pageBytes = readPageBytes();

/**
 * @param sockstat text of /proc/net/sockstat: `TCP: inuse 51 orphan 0 tw 606 alloc 51 mem 224`
 * @param tcpMem text of /proc/sys/net/ipv4/tcp_mem: three numbers of pages
 */
export function parseTcpMemory(sockstat: string, tcpMem: string, bytesPerPage: number): TcpMemory {
  const [, sockets, pages] = /^TCP: .*\balloc (\d+) mem (\d+)/m.exec(sockstat) ?? [];
  const limitPages = /^\d+\s+\d+\s+(\d+)/.exec(tcpMem)?.[1];
  return {
    sockets: Number(sockets ?? 0),
    usedBytes: Number(pages ?? 0) * bytesPerPage,
    limitBytes: limitPages === undefined ? Number.POSITIVE_INFINITY : Number(limitPages) * bytesPerPage,
  };
}

/**
 * Reads a counter of /proc/net/netstat, in which a line of names is followed by a line of numbers.
 *
 * @returns 0 if there is no such counter
 */
export function parseTcpCounter(netstat: string, name: string): number {
  const [names, values] = netstat.split('\n').filter((line) => line.startsWith('TcpExt:'));
  const column = names?.split(' ').indexOf(name) ?? -1;
  return column < 1 ? 0 : Number(values?.split(' ')[column] ?? 0);
}

export const readTcpMemory = (): TcpMemory =>
  parseTcpMemory(read('/proc/net/sockstat'), read('/proc/sys/net/ipv4/tcp_mem'), pageBytes);

/** Connections that the kernel dropped because the accept queue of a listening socket was full. */
export const readListenOverflows = (): number =>
  parseTcpCounter(read('/proc/net/netstat'), 'ListenOverflows');

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // A container may hide the file; the metric is then 0, as its help says.
    return '';
  }
}
