// One line that says how things are going: overwritten on a terminal, a line now and then elsewhere.
import { terminalLine } from './terminal-text.js';

/** Between two lines where nothing is overwritten. */
const PLAIN_EVERY_MS = 5_000;
/** What a terminal has whose size is not known. */
const USUAL_COLUMNS = 80;

/** A stream that may be a terminal, such as `process.stderr`. */
export interface LineStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/**
 * On a terminal the line never takes more than one row, so that it does not wrap. The cursor waits at its beginning: when
 * the terminal becomes narrower, all rows that the old line takes then lie after the cursor, and the next one erases them.
 */
export class LiveLine {
  readonly #stream: LineStream;
  readonly #updates: boolean;
  #writtenAtMs: number;

  /**
   * @param updates false for lines one below the other on a terminal as well
   * @param startedAtMs of the same clock as the times of `show`
   */
  constructor(stream: LineStream, updates: boolean, startedAtMs: number) {
    this.#stream = stream;
    this.#updates = updates && stream.isTTY === true;
    this.#writtenAtMs = startedAtMs;
  }

  /** @param textFor gives the line; it is cut where it has more characters than it is asked for */
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

  /** Leaves the line as it is, so that what follows begins below it. */
  leave(): void {
    if (this.#updates) this.#stream.write('\n');
  }

  /** Takes the line away, so that what follows stands in its place. */
  clear(): void {
    if (this.#updates) this.#stream.write('\x1b[J');
  }
}
