// Files that options name: read within bounds, and told of in one line when they cannot be used.
import { closeSync, constants, openSync, readSync, type Stats, statSync } from 'node:fs';
import { formatBytes } from './quantity.js';
import { quoted } from './usage-error.js';

/** No key, certificate bundle or table of options comes near this. */
const MAX_BYTES = 4 * 1024 * 1024;
const LIMIT_WORDS = 'at most 4 MiB';
const CHUNK_BYTES = 65_536;
/** How long a pipe may take to be written and closed. */
const PIPE_TIMEOUT_MS = 5000;
/** How often a pipe is looked at meanwhile. */
const PIPE_LOOK_MS = 10;

/** A file that cannot be used; the message names the flag and the file, and never what is in it. */
export class NamedFileError extends Error {
  readonly code = 'NAMED_FILE';
}

/**
 * What a file holds that is read again later: by each worker, or when it changes. A pipe could not be.
 *
 * @param read throws a {@link NamedFileError} whose message goes on after the name of the file: `holds no …`, `is no …`
 * @throws {NamedFileError} when the file cannot be read, or not be used
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
 * What a file holds: a regular one of at most 4 MiB or, where `mayBePipe`, a pipe that is written and closed within 5 s
 * (`/dev/stdin`, or a shell's `<(command)`). Never waits for anything else.
 *
 * @param timeoutMs how long a pipe may take
 * @throws {NamedFileError} whose message goes on after the name of the file
 */
export function readBounded(path: string, mayBePipe: boolean, timeoutMs = PIPE_TIMEOUT_MS): Buffer {
  let file: number | undefined;
  try {
    // Looked at before it is opened: to open a device may already do something.
    const stats = statSync(path);
    const unfit = unfitness(stats, mayBePipe);
    if (unfit !== undefined) throw new NamedFileError(unfit);
    // Without O_NONBLOCK, to open a pipe waits for whoever writes into it.
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
 * A path as it may be shown: `***` where it looks like the secret itself, given in place of a file that holds it (PEM, a
 * JWT, a long random word).
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
    // A pipe that nobody has written into yet looks like one that is closed.
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

/** The next bytes, none at the end; `undefined` where none are there yet. */
function readSome(file: number): Buffer | undefined {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  try {
    return chunk.subarray(0, readSync(file, chunk, 0, CHUNK_BYTES, null));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return undefined;
    throw error;
  }
}
