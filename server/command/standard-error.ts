// Writes to standard error. A line that cannot be written is lost and counted; it neither ends nor blocks the process.
import { fstatSync } from 'node:fs';
import type { Writable } from 'node:stream';

/** The severity of a line, as in syslog(3): 3 is an error, 7 is for debugging. */
export type Severity = 3 | 4 | 5 | 6 | 7;

/**
 * The number of bytes that may wait in this process for the reader, besides the 64 KiB in the kernel's pipe. Node does not
 * block on a full pipe but keeps the rest in memory, so without a limit a log collector that hangs would cost ever more memory.
 */
const MAX_WAITING_BYTES = 1_048_576;

/** Writes lines to a stream that may fail or stop accepting data at any time. */
export class LineWriter {
  readonly #stream: Writable;
  readonly #hasPriorities: boolean;
  #lost = 0;

  /** @param hasPriorities true if each line begins with its severity: see sd-daemon(3) */
  constructor(stream: Writable, hasPriorities: boolean) {
    this.#stream = stream;
    this.#hasPriorities = hasPriorities;
    // The callback of each write counts lost lines. An `error` event without a listener would end the process.
    stream.on('error', () => {});
  }

  /** The number of lines that were not written. */
  get lost(): number {
    return this.#lost;
  }

  /** @param line the line with its line feed */
  write(line: string, severity: Severity): void {
    if (this.#stream.writableLength >= MAX_WAITING_BYTES) {
      this.#lost++;
      return;
    }
    this.#stream.write(this.#hasPriorities ? `<${severity}>${line}` : line, this.#written);
  }

  /**
   * Waits until all lines are written, but at most `withinMs`. Call process.exit afterwards: without it, the process would wait
   * for its reader forever.
   */
  async settle(withinMs: number): Promise<void> {
    if (this.#stream.writableLength === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, withinMs);
      this.#stream.write('', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  readonly #written = (error: Error | null | undefined): void => {
    if (error) this.#lost++;
  };
}

/**
 * Whether a file descriptor is systemd's journal. JOURNAL_STREAM contains the journal's device and inode (systemd.exec(5)).
 *
 * @param journalStream the value of that variable
 */
export function isJournal(fd: number, journalStream: string | undefined): boolean {
  if (journalStream === undefined) return false;
  const { dev, ino } = fstatSync(fd, { bigint: true });
  return journalStream === `${dev}:${ino}`;
}

/**
 * Makes writes to a terminal non-blocking. By default Node blocks on them, so a paused terminal (Ctrl-S) or an ssh session
 * that hangs would block all clients.
 */
export function unblock(stream: NodeJS.WriteStream): void {
  const { _handle: handle } = stream as { _handle?: { setBlocking?(isBlocking: boolean): void } };
  if (stream.isTTY) handle?.setBlocking?.(false);
}

unblock(process.stderr);

/** The standard error of this process. */
export const standardError = new LineWriter(
  process.stderr,
  isJournal(process.stderr.fd, process.env['JOURNAL_STREAM']),
);
