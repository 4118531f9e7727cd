// Files that options name: read, and told of in one line when they cannot be used.
import { readFileSync } from 'node:fs';

/** A file that cannot be used; the message names the flag and the file, and never what is in it. */
export class NamedFileError extends Error {
  readonly code = 'NAMED_FILE';
}

/**
 * What a file holds.
 *
 * @param read throws a {@link NamedFileError} whose message goes on after the name of the file: `holds no …`, `is no …`
 * @throws {NamedFileError} when the file cannot be read, or not be used
 */
export function readNamedFile<T>(flag: string, path: string, read: (content: Buffer) => T): T {
  try {
    return read(contentOf(path));
  } catch (error) {
    if (!(error instanceof NamedFileError)) throw error;
    throw new NamedFileError(`${flag} ${JSON.stringify(path)} ${error.message}`);
  }
}

function contentOf(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new NamedFileError(`cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}
