// How many connections one process may hold: as many as the limit on open files leaves room for.
import { maxFds } from '../../server/host/fd-limit.js';

/** What a process needs beside its connections: Node's own files, the channel to the parent, headroom. */
const RESERVED_FDS = 200;

/** @param fds the limit of this process; `Number.MAX_SAFE_INTEGER` where there is none */
export const connectionsPerProcess = (fds: number = maxFds()): number =>
  fds === Number.MAX_SAFE_INTEGER ? fds : Math.max(1, fds - RESERVED_FDS);
