// How many file descriptors this process has open, and may have.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { parseOpenFilesLimit } from './proc-text.js';

/**
 * File descriptors that a worker keeps for itself besides its listeners and connections: 20 of Node, cluster and Redis
 * (counted), and the rest for reconnects, files that are read for metrics, and sockets that are being closed.
 */
export const OWN_FILES = 128;

const PROC_FDS = '/proc/self/fd';

/** Open file descriptors. On Linux 6.2 and later the size of the folder is their number; else they are listed. */
export function openFds(): number {
  try {
    return statSync(PROC_FDS).size || readdirSync(PROC_FDS).length;
  } catch {
    return 0;
  }
}

/** The soft limit of open file descriptors (getrlimit(2), RLIMIT_NOFILE), which Node raises to the hard one at start. */
export function maxFds(): number {
  try {
    const soft = parseOpenFilesLimit(readFileSync('/proc/self/limits', 'utf8'))?.soft;
    return Math.min(soft ?? Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER);
  } catch {
    return Number.MAX_SAFE_INTEGER;
  }
}
