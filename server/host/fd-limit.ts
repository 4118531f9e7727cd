// How many file descriptors this process has open, and how many it may open.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { parseOpenFilesLimit } from './proc-text.js';

/**
 * File descriptors that a worker needs besides its listeners and connections: 20 for Node, cluster and Redis (counted),
 * the rest for reconnects, files that are read for metrics, and sockets that are being closed.
 */
export const OWN_FILES = 128;

const PROC_FDS = '/proc/self/fd';

/** Open file descriptors; 0 if they cannot be counted. On Linux 6.2 and later the size of the folder is their number. */
export function openFds(): number {
  try {
    return statSync(PROC_FDS).size || readdirSync(PROC_FDS).length;
  } catch {
    return 0;
  }
}

/** The soft limit of open file descriptors (getrlimit(2), RLIMIT_NOFILE); Node raises it to the hard limit at start. */
export function maxFds(): number {
  return Math.min(softLimit() ?? Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER);
}

function softLimit(): number | undefined {
  try {
    return parseOpenFilesLimit(readFileSync('/proc/self/limits', 'utf8'))?.soft;
  } catch {
    // Without /proc, Node's report asks the kernel, which takes a few milliseconds.
    const { userLimits } = process.report.getReport() as {
      userLimits?: { open_files?: { soft: number | 'unlimited' } };
    };
    const soft = userLimits?.open_files?.soft;
    return typeof soft === 'number' ? soft : undefined;
  }
}

/** Connections for which a limit of open files leaves room in one worker; below 1 if there is no room. */
export const roomForConnections = (openFiles: number, listeners: number): number =>
  openFiles - listeners - OWN_FILES;

/** The error where a limit of open files leaves no room for connections; it names the cheaper remedy first. */
export function noRoomForConnections(openFiles: number, listeners: number): string {
  const count = (n: number) => n.toLocaleString('en-US');
  const withOnePort = roomForConnections(openFiles, 1);
  const least = listeners + OWN_FILES + 1;
  const fewer =
    listeners > 1 && withOnePort >= 1
      ? `give fewer --ports (a single port leaves room for ${count(withOnePort)} connections in each worker), or `
      : '';
  const own = listeners === 1 ? 'its listener' : `${count(listeners)} listeners`;
  return (
    `the limit of ${count(openFiles)} open files leaves none for connections, besides ${own} and ${OWN_FILES} files of ` +
    `the worker's own; ${fewer}raise the limit to ${count(least)} or more (ulimit -n)`
  );
}
