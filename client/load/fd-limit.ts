// How many connections one process may hold: read from the kernel's limit on open files.
import { readFileSync } from 'node:fs';
import { parseOpenFilesLimit } from '../../server/host/proc-text.js';

/** Where the system does not say: macOS's usual limit per process. */
const FALLBACK_FDS = 10_240;
/** What a process needs beside its connections: node's own files, the channel to the parent, headroom. */
const RESERVED_FDS = 200;

/** @param limits the text of /proc/self/limits; node raises the soft limit to the hard one when it starts */
export function connectionsPerProcess(limits: string): number {
  const soft = parseOpenFilesLimit(limits)?.soft ?? FALLBACK_FDS;
  return Math.min(Math.max(1, soft - RESERVED_FDS), Number.MAX_SAFE_INTEGER);
}

/** The text of /proc/self/limits, empty where there is none. */
export function processLimits(): string {
  try {
    return readFileSync('/proc/self/limits', 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
