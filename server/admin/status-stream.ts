// Server-sent events (HTML Living Standard section 9.2) for the status page: first the history, then one snapshot per
// second. A snapshot is collected once for all viewers, and not at all without viewers.
import type { ServerResponse } from 'node:http';

const INTERVAL_MS = 1000;
/** How soon a browser reconnects after the stream was lost, in milliseconds. */
const RETRY_MS = 1000;
export const MAX_VIEWERS = 64;
/** A viewer with more unread bytes than this gets no snapshots until it has read some. */
const MAX_UNREAD_BYTES = 256 * 1024;

/** The viewers, and the timer that serves them. */
export class StatusStream {
  readonly #collect: () => Promise<unknown>;
  readonly #history: () => unknown;
  readonly #failed: (error: Error) => void;
  readonly #viewers = new Set<ServerResponse>();
  #timer: NodeJS.Timeout | undefined;
  #isCollecting = false;

  /**
   * @param collect makes a snapshot, any JSON value
   * @param history returns what a new viewer gets first, any JSON value
   * @param failed gets the error of a failed collection; the next collection is still tried
   */
  constructor(collect: () => Promise<unknown>, history: () => unknown, failed: (error: Error) => void) {
    this.#collect = collect;
    this.#history = history;
    this.#failed = failed;
  }

  /** Answers a request with the stream, for as long as the viewer stays. */
  add(response: ServerResponse): void {
    if (this.#viewers.size >= MAX_VIEWERS) {
      response.writeHead(503, { 'Content-Type': 'text/plain' });
      response.end('too many viewers\n');
      return;
    }
    response.writeHead(200, {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-store',
      'X-Accel-Buffering': 'no',
    });
    response.write(`retry: ${RETRY_MS}\n\n`);
    response.write(`event: history\ndata: ${JSON.stringify(this.#history())}\n\n`);
    this.#viewers.add(response);
    response.once('close', () => {
      this.#viewers.delete(response);
      if (this.#viewers.size === 0) this.stop();
    });
    void this.#tell();
    this.#timer ??= setInterval(() => void this.#tell(), INTERVAL_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #tell(): Promise<void> {
    if (this.#isCollecting) return;
    this.#isCollecting = true;
    try {
      const event = `data: ${JSON.stringify(await this.#collect())}\n\n`;
      for (const viewer of this.#viewers) if (viewer.writableLength < MAX_UNREAD_BYTES) viewer.write(event);
    } catch (error) {
      this.#failed(error as Error);
    } finally {
      this.#isCollecting = false;
    }
  }
}
