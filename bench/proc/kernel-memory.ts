// Kernel memory of sockets, of the whole machine: slab caches and socket buffers.
import { accessSync, constants, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { pageBytes, readTcpMemory } from '../../server/host/tcp-memory.js';
import { type Measured, perUnit, socketMemory, type Value } from '../noise.js';

/** The caches that a TCP socket with a file descriptor in an epoll set takes objects from. */
const SOCKET_CACHES = [
  'TCP',
  'TCPv6',
  'sock_inode_cache',
  'dentry',
  'filp',
  'eventpoll_epi',
  'eventpoll_pwq',
  'ep_head',
  'skbuff_head_cache',
  'skbuff_small_head',
  'kmalloc-64',
  'kmalloc-96',
  'kmalloc-128',
  'kmalloc-192',
  'tcp_bind_bucket',
  'tcp_bind2_bucket',
];

/**
 * Bytes of the slabs of each cache, free objects in them included.
 *
 * @param text of /proc/slabinfo (man 5 slabinfo)
 */
export function parseSlabs(text: string): Map<string, number> {
  const bytes = new Map<string, number>();
  for (const line of text.split('\n').slice(2)) {
    const [name, , , , , pagesPerSlab] = line.split(/\s+/);
    const slabs = /: slabdata\s+\d+\s+(\d+)/.exec(line)?.[1];
    if (name !== undefined && slabs !== undefined) {
      bytes.set(name, Number(slabs) * Number(pagesPerSlab) * pageBytes);
    }
  }
  return bytes;
}

/** Kernel memory that TCP sockets take, and how many there are, of this whole machine: both ends of a connection to itself. */
export interface KernelMemory {
  readonly bytes: number;
  readonly sockets: number;
}

/** Undefined where /proc/slabinfo cannot be read: only root can. */
export function kernelMemory(): KernelMemory | undefined {
  if (!isReadable('/proc/slabinfo')) return undefined;
  for (const cache of SOCKET_CACHES) shrink(cache);
  const slabs = parseSlabs(readFileSync('/proc/slabinfo', 'utf8'));
  const { sockets, usedBytes } = readTcpMemory();
  let bytes = usedBytes;
  for (const cache of SOCKET_CACHES) bytes += slabs.get(cache) ?? 0;
  return { bytes, sockets };
}

/** Three looks: two before the connections are made, whose difference is noise, and one after. */
export interface KernelLooks {
  readonly earlier: KernelMemory | undefined;
  readonly before: KernelMemory | undefined;
  readonly after: KernelMemory | undefined;
}

/** The growth of kernel memory; undefined where it cannot be read. */
export function socketGrowth({ earlier, before, after }: KernelLooks): Measured | undefined {
  if (earlier === undefined || before === undefined || after === undefined) return undefined;
  return socketMemory(after.bytes - before.bytes, before.bytes - earlier.bytes);
}

/** Memory of one socket: the growth of kernel memory by the growth in sockets. Undefined where there is none. */
export function bytesPerSocket(looks: KernelLooks): Value {
  const growth = socketGrowth(looks);
  return growth === undefined ? undefined : perUnit(growth, looks.after!.sockets - looks.before!.sockets);
}

/** Frees empty slabs, which caches keep after sockets have been closed. */
function shrink(cache: string): void {
  const path = `/sys/kernel/slab/${cache}/shrink`;
  if (existsSync(path) && isWritable(path)) writeFileSync(path, '1');
}

const isReadable = (path: string): boolean => isAllowed(path, constants.R_OK);
const isWritable = (path: string): boolean => isAllowed(path, constants.W_OK);

function isAllowed(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch (error) {
    if (['EACCES', 'EPERM', 'ENOENT', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return false;
    throw error;
  }
}
