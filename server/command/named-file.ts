// Reads the files that options name, within limits, and explains in one line why a file cannot be used.
import { closeSync, constants, openSync, readSync, type Stats, statSync } from 'node:fs';
import { formatBytes } from './quantity.js';
import { quoted } from './usage-error.js';

/** Far more than any key, certificate bundle or table of options. */
const MAX_BYTES = 4 * 1024 * 1024;
const LIMIT_WORDS = 'at most 4 MiB';
const CHUNK_BYTES = 65_536;
/** The time within which a pipe must be written and closed. */
const PIPE_TIMEOUT_MS = 5000;
/** The time between two reads of a pipe that has no data yet. */
const PIPE_LOOK_MS = 10;

/** A file that cannot be used. The message names the flag and the file, and never shows the content. */
export class NamedFileError extends Error {
  readonly code = 'NAMED_FILE';
}

/**
 * Reads a file that is read again later, by each worker or when it changes. A pipe cannot be read twice, so it is refused.
 *
 * @param read throws a {@link NamedFileError} whose message follows the name of the file: `holds no …`, `is no …`
 * @throws {NamedFileError} if the file cannot be read or used
 */
export function readNamedFile<T>(flag: string, path: string, read: (content: Buffer) => T): T {
  try {
    return read(readBounded(path, false));
  } catch (error) {
    if (!(error instanceof NamedFileError)) throw error;
    throw new NamedFileError(`${flag} ${quoted(shownPath(path))} ${error.message}`);
  }
}

/**
 * Reads a regular file of at most 4 MiB or, if `mayBePipe`, a pipe that is written and closed within 5 s
 * (`/dev/stdin`, or a shell's `<(command)`). Never waits for anything else.
 *
 * @param timeoutMs how long a pipe may take
 * @throws {NamedFileError} whose message follows the name of the file
 */
export function readBounded(path: string, mayBePipe: boolean, timeoutMs = PIPE_TIMEOUT_MS): Buffer {
  let file: number | undefined;
  try {
    // The file is checked before it is opened, because opening a device can have side effects.
    const stats = statSync(path);
    const unfit = unfitness(stats, mayBePipe);
    if (unfit !== undefined) throw new NamedFileError(unfit);
    // Without O_NONBLOCK, opening a pipe blocks until a writer opens it.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    return contentOf(file, stats.isFIFO(), timeoutMs);
  } catch (error) {
    if (error instanceof NamedFileError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new NamedFileError(`cannot be read: ${code}; give a file that this user may read`);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/**
 * Returns the path as a message may show it: `***` if it looks like a secret (PEM, a JWT, a long random word) that somebody
 * gave instead of the path of its file.
 */
export const shownPath = (path: string): string =>
  /-----BEGIN|\n|^eyJ[\w-]*\.|^[\w+=-]{32,}$/.test(path) ? '***' : path;

function unfitness(stats: Stats, mayBePipe: boolean): string | undefined {
  const what = `give a file of ${LIMIT_WORDS}`;
  if (stats.isFile()) {
    return stats.size > MAX_BYTES ? `holds ${formatBytes(stats.size)}; ${what}` : undefined;
  }
  if (stats.isFIFO()) {
    return mayBePipe ? undefined : `is a pipe, and this file must be a regular one of ${LIMIT_WORDS}`;
  }
  return `is a ${stats.isDirectory() ? 'folder' : stats.isSocket() ? 'socket' : 'device'}; ${what}`;
}

function contentOf(file: number, isPipe: boolean, timeoutMs: number): Buffer {
  const chunks: Buffer[] = [];
  const deadlineMs = performance.now() + timeoutMs;
  let length = 0;
  for (;;) {
    const chunk = readSome(file);
    if (chunk !== undefined) chunks.push(chunk);
    length += chunk?.length ?? 0;
    if (length > MAX_BYTES) throw new NamedFileError(`holds too much; give a file of ${LIMIT_WORDS}`);
    // A pipe that nobody has written to yet looks like a closed one.
    if (chunk?.length === 0 && (!isPipe || length > 0)) return Buffer.concat(chunks);
    if (chunk !== undefined && chunk.length > 0) continue;
    if (performance.now() > deadlineMs) {
      throw new NamedFileError(
        `is a pipe that was not written and closed within ${timeoutMs / 1000} s; give a regular file`,
      );
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PIPE_LOOK_MS);
  }
}

/** Returns the next bytes, an empty buffer at the end of the file, or `undefined` if none have arrived yet. */
function readSome(file: number): Buffer | undefined {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  try {
    return chunk.subarray(0, readSync(file, chunk, 0, CHUNK_BYTES, null));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return undefined;
    throw error;
  }
}
