// The progress of a benchmark, in one line.
import { type LineStream, LiveLine } from '../client/live-line.js';

/** Tells how far a benchmark is. */
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

  /** Clears the line, so that what follows takes its place. */
  end(): void {
    this.#line.clear();
  }
}
