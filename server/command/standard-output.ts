// Standard output for commands that print a text and end.
import { standardError } from './standard-error.js';

/** The width if there is no terminal. */
const USUAL_COLUMNS = 120;

/** Returns the width of the terminal on standard output, or 120 if there is no terminal or it does not know its width. */
export function outputColumns(): number {
  const { columns } = process.stdout as { columns?: number };
  return columns !== undefined && columns > 0 ? columns : USUAL_COLUMNS;
}

/**
 * Prints a text and a line feed. A reader that has ended, such as `head`, is not an error. Any other failure is reported in
 * one line and sets the exit code to 1.
 */
export function print(text: string): void {
  process.stdout.once('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return;
    standardError.write(`cannot write to standard output: ${error.message}\n`, 3);
    process.exitCode = 1;
  });
  process.stdout.write(`${text}\n`);
}
