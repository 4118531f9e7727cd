// What the host's TCP holds and refuses: from /proc/net/sockstat, /proc/net/netstat and /proc/sys/net/ipv4/tcp_mem.
import { readFileSync } from 'node:fs';

/** The host's TCP sockets. Their count and memory are of the whole host, other programs and containers included. */
export interface TcpMemory {
  /** Sockets that hold memory, listening and closing ones among them. */
  readonly sockets: number;
  /** Memory of their buffers. */
  readonly usedBytes: number;
  /** Where the kernel begins to refuse (the third number of tcp_mem); Infinity where it cannot be read. */
  readonly limitBytes: number;
}

const AT_PAGESZ = 6n;
const USUAL_PAGE_BYTES = 4096;

/** Size of a page, from the auxiliary vector that the kernel gives each program (getauxval(3)). */
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
 * A counter of /proc/net/netstat, where a line of names is followed by a line of numbers.
 *
 * @returns 0 where there is no such counter
 */
export function parseTcpCounter(netstat: string, name: string): number {
  const [names, values] = netstat.split('\n').filter((line) => line.startsWith('TcpExt:'));
  const column = names?.split(' ').indexOf(name) ?? -1;
  return column < 1 ? 0 : Number(values?.split(' ')[column] ?? 0);
}

export const readTcpMemory = (): TcpMemory =>
  parseTcpMemory(read('/proc/net/sockstat'), read('/proc/sys/net/ipv4/tcp_mem'), pageBytes);

/** Connections that the kernel dropped since the accept queue of a listening socket was full. */
export const readListenOverflows = (): number =>
  parseTcpCounter(read('/proc/net/netstat'), 'ListenOverflows');

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // A container may hide it: then the metric is 0, as its help says.
    return '';
  }
}
