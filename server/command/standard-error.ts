// Standard error, where a line that cannot be written is lost and counted, and neither ends nor holds up the process.
import { fstatSync } from 'node:fs';
import type { Writable } from 'node:stream';

/** How grave a line is, by syslog(3): 3 is an error, 7 is for debugging. */
export type Severity = 3 | 4 | 5 | 6 | 7;

/**
 * Bytes that may wait in this process for a reader, besides what the kernel's pipe holds (64 KiB). Node writes to a full
 * pipe without blocking and would keep all the rest: a collector that has hung would cost memory without end.
 */
const MAX_WAITING_BYTES = 1_048_576;

/** Writes lines to a stream that may fail, or stop taking them, at any time. */
export class LineWriter {
  readonly #stream: Writable;
  readonly #hasPriorities: boolean;
  #lost = 0;

  /** @param hasPriorities true where each line begins with its severity: see sd-daemon(3) */
  constructor(stream: Writable, hasPriorities: boolean) {
    this.#stream = stream;
    this.#hasPriorities = hasPriorities;
    // The callback of each write counts. An error without a listener would end the process.
    stream.on('error', () => {});
  }

  /** Lines that were not written. */
  get lost(): number {
    return this.#lost;
  }

  /** @param line its line feed included */
  write(line: string, severity: Severity): void {
    if (this.#stream.writableLength >= MAX_WAITING_BYTES) {
      this.#lost++;
      return;
    }
    this.#stream.write(this.#hasPriorities ? `<${severity}>${line}` : line, this.#written);
  }

  /**
   * Waits until all lines are written, but no longer than it may take. A process that ends by itself would wait for its
   * reader without end: end it with process.exit afterwards.
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
 * Whether a file descriptor leads to systemd's journal: JOURNAL_STREAM holds its device and inode (systemd.exec(5)).
 *
 * @param journalStream the value of that variable
 */
export function isJournal(fd: number, journalStream: string | undefined): boolean {
  if (journalStream === undefined) return false;
  const { dev, ino } = fstatSync(fd, { bigint: true });
  return journalStream === `${dev}:${ino}`;
}

/**
 * Lets a process go on while a terminal takes nothing. Node blocks on writes to one: where it is paused (Ctrl-S), or its
 * ssh hangs, all clients would be held up.
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
