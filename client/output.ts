// Standard output and standard error of a command: one that cannot be written must not end it with a stack trace.

/**
 * Call it before anything is written.
 *
 * @param onBroken is told each time that standard output could not be written: `EPIPE` where its reader has gone, as
 *   `head` does, else such as `ENOSPC`
 */
export function watchOutput(onBroken: (error: NodeJS.ErrnoException) => void = () => {}): void {
  process.stdout.on('error', onBroken);
  // There is no other place to say so.
  process.stderr.on('error', () => {});
}

/** What is wrong with standard output, in one line; undefined where its reader has gone and wants no more. */
export const outputComplaint = (error: NodeJS.ErrnoException): string | undefined =>
  error.code === 'EPIPE' ? undefined : `standard output cannot be written: ${error.code ?? error.message}`;

/**
 * Prints what a command came to, and resolves once that is taken.
 *
 * @param program what complains on standard error
 * @returns false where it could not be written
 */
export function printResult(program: string, text: string): Promise<boolean> {
  return new Promise((resolve) => {
    process.stdout.write(text, (error) => {
      const complaint = error ? outputComplaint(error) : undefined;
      if (complaint !== undefined) process.stderr.write(`${program}: ${complaint}\n`);
      resolve(complaint === undefined);
    });
  });
}
