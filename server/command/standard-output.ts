// Standard output of commands that print a text and end.
import { standardError } from './standard-error.js';

/** Where there is no terminal. */
const USUAL_COLUMNS = 120;

/** Width of the terminal that standard output leads to; 120 where there is none, or where it does not know. */
export function outputColumns(): number {
  const { columns } = process.stdout as { columns?: number };
  return columns !== undefined && columns > 0 ? columns : USUAL_COLUMNS;
}

/**
 * Prints a text and a line feed. A reader that has left, such as `head`, is no error; whatever else goes wrong is told in
 * one line and makes the exit code 1.
 */
export function print(text: string): void {
  process.stdout.once('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return;
    standardError.write(`cannot write to standard output: ${error.message}\n`, 3);
    process.exitCode = 1;
  });
  process.stdout.write(`${text}\n`);
}
