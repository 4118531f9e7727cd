// How many connections one process may hold: read from the kernel's limit on open files.

import { readFileSync } from 'node:fs';

/** Where the system does not say: macOS's usual limit per process. */
const fallbackFds = 10_240;
/** What a process needs beside its connections: node's own files, the channel to the parent, headroom. */
const reservedFds = 200;

/** @param limits the text of /proc/self/limits; node raises the soft limit to the hard one when it starts */
export function connectionsPerProcess(limits: string): number {
  const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
  if (soft === undefined && /^Max open files\s+unlimited/m.test(limits)) return Number.MAX_SAFE_INTEGER;
  return Math.max(1, (soft === undefined ? fallbackFds : Number(soft)) - reservedFds);
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
