// Says what is going on, in one line.
import { type LineStream, LiveLine } from '../client/live-line.js';

/** Where a benchmark says how far it is; standard error, since the table goes to standard output. */
export class Progress {
  readonly #line: LiveLine;
  readonly #startedMs = performance.now();
  #prefix = '';

  constructor(stream: LineStream) {
    this.#line = new LiveLine(stream, true, this.#startedMs);
  }

  /** What the following texts are about. */
  begin(prefix: string): void {
    this.#prefix = prefix;
    this.#line.hurry();
    this.say('starting');
  }

  say(text: string): void {
    const nowMs = performance.now();
    const elapsed = ((nowMs - this.#startedMs) / 1000).toFixed(0).padStart(4);
    this.#line.show(() => `${elapsed} s  ${this.#prefix}: ${text}`, nowMs);
  }

  /** Clears the line, so that what follows stands by itself. */
  end(): void {
    this.#line.clear();
  }
}
