// Prints messages as the article's client does: `received message URL TEXT`.
import { terminalLine, terminalText } from '../terminal-text.js';

/** How much may wait for the reader of standard output; connections can bring some MB in one turn of the event loop. */
const MAX_WAITING_BYTES = 67_108_864;
/** How long the reader has at the end to take what waits. */
const FLUSH_TIMEOUT_MS = 2_000;

/** Where the lines go, such as `process.stdout`. */
export interface LineOutput {
  readonly isTTY?: boolean;
  readonly writableLength: number;
  write(line: string | Buffer, onWritten?: (error?: Error | null) => void): unknown;
  on(event: 'error', listener: () => void): unknown;
}

/** Connections never wait for a reader: a message that standard output does not take is left out, and counted. */
export class MessagePrinter {
  readonly #output: LineOutput;
  #messages = 0;
  /** Those that standard output has taken. */
  #printed = 0;

  constructor(output: LineOutput) {
    this.#output = output;
    // Each write gets its own error as well.
    output.on('error', () => {});
  }

  /** Messages that were left out, could not be written, or still wait. Some of those that wait may have been written. */
  get unprinted(): number {
    return this.#messages - this.#printed;
  }

  /** @param payload is printed unchanged, except to a terminal; it is copied */
  print(url: string, payload: Buffer): void {
    this.#messages++;
    if (this.#output.writableLength > MAX_WAITING_BYTES) return;
    const start = `received message ${url} `;
    const line =
      this.#output.isTTY === true
        ? `${terminalLine(start)}${terminalText(payload.toString())}\n`
        : Buffer.concat([Buffer.from(start), payload, Buffer.from('\n')]);
    this.#output.write(line, (error) => {
      if (!error) this.#printed++;
    });
  }

  /** Resolves once all lines have been taken, or after 2 s. */
  flushed(): Promise<void> {
    return new Promise((resolve) => {
      const deadline = setTimeout(resolve, FLUSH_TIMEOUT_MS);
      this.#output.write('', () => {
        clearTimeout(deadline);
        resolve();
      });
    });
  }
}
