// One line of progress: it is overwritten on a terminal, and written every few seconds elsewhere.
import { terminalLine } from './terminal-text.js';

/** Between two lines where lines are not overwritten. */
const PLAIN_EVERY_MS = 5_000;
/** Used where the terminal does not tell its size. */
const USUAL_COLUMNS = 80;

/** A stream that may be a terminal, such as `process.stderr`. */
export interface LineStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/**
 * On a terminal the line is cut to one row. The cursor is left at its beginning: when the terminal becomes narrower and
 * wraps the line, all of its rows are after the cursor, and the next line erases them.
 */
export class LiveLine {
  readonly #stream: LineStream;
  readonly #updates: boolean;
  #writtenAtMs: number;

  /**
   * @param updates false to write lines one below the other on a terminal as well
   * @param startedAtMs of the same clock as the times of `show`
   */
  constructor(stream: LineStream, updates: boolean, startedAtMs: number) {
    this.#stream = stream;
    this.#updates = updates && stream.isTTY === true;
    this.#writtenAtMs = startedAtMs;
  }

  /** @param textFor returns the line for so many columns; a longer one is cut */
  show(textFor: (columns: number) => string, atMs: number): void {
    if (this.#updates) {
      const columns = (this.#stream.columns || USUAL_COLUMNS) - 1;
      this.#stream.write(`\x1b[J${terminalLine(textFor(columns)).slice(0, columns)}\r`);
    } else if (atMs - this.#writtenAtMs >= PLAIN_EVERY_MS) {
      this.#writtenAtMs = atMs;
      this.#stream.write(`${terminalLine(textFor(Number.POSITIVE_INFINITY))}\n`);
    }
  }

  /** Shows the next line whatever the time. */
  hurry(): void {
    this.#writtenAtMs = Number.NEGATIVE_INFINITY;
  }

  /** Keeps the line, so that what follows begins below it. */
  leave(): void {
    if (this.#updates) this.#stream.write('\n');
  }

  /** Removes the line, so that what follows takes its place. */
  clear(): void {
    if (this.#updates) this.#stream.write('\x1b[J');
  }
}
