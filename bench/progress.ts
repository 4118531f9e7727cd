// One line that says what is going on: overwritten on a terminal, a line every 5 seconds elsewhere.

const plainEveryMs = 5_000;

/** Where a benchmark says how far it is; standard error, since the table goes to standard output. */
export class Progress {
  readonly #stream: NodeJS.WriteStream;
  readonly #startedMs = performance.now();
  #prefix = '';
  #writtenMs = Number.NEGATIVE_INFINITY;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  /** What the following texts are about. */
  begin(prefix: string): void {
    this.#prefix = prefix;
    this.#writtenMs = Number.NEGATIVE_INFINITY;
    this.say('starting');
  }

  say(text: string): void {
    const nowMs = performance.now();
    const line = `${((nowMs - this.#startedMs) / 1000).toFixed(0).padStart(4)} s  ${this.#prefix}: ${text}`;
    if (this.#stream.isTTY === true) {
      this.#stream.write(`\r\x1b[K${line.slice(0, (this.#stream.columns ?? 80) - 1)}`);
    } else if (nowMs - this.#writtenMs >= plainEveryMs) {
      this.#writtenMs = nowMs;
      this.#stream.write(`${line}\n`);
    }
  }

  /** Clears the line, so that what follows stands by itself. */
  end(): void {
    if (this.#stream.isTTY === true) this.#stream.write('\r\x1b[K');
  }
}
