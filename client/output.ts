// Standard output of commands that print for a long time: an error of it does not end them with a stack trace.
import { unblock } from '../server/command/standard-error.js';

/**
 * Call it before anything is printed.
 *
 * @param onBroken is called each time that standard output could not be written: `EPIPE` where its reader has left, as
 *   `head` does, or such as `ENOSPC`
 */
export function watchOutput(onBroken: (error: NodeJS.ErrnoException) => void = () => {}): void {
  unblock(process.stdout);
  process.stdout.on('error', onBroken);
}

/** What is wrong with standard output, in one line; undefined where its reader has left. */
export const outputComplaint = (error: NodeJS.ErrnoException): string | undefined =>
  error.code === 'EPIPE' ? undefined : `cannot write to standard output: ${error.message}`;
