// An expensive collection: one collection serves all callers that wait for it, and the rate is limited.

/** Shortest time between the starts of two collections. */
const MIN_INTERVAL_MS = 50;

/** Makes one collection at a time. Each caller gets a collection that began after the call. */
export class SharedCollection<Result> {
  readonly #collect: () => Promise<Result>;
  #current: Promise<unknown> = Promise.resolve();
  /** A collection that has not begun yet, so further callers can share it. */
  #next: Promise<Result> | undefined;
  #begunMs = Number.NEGATIVE_INFINITY;

  constructor(collect: () => Promise<Result>) {
    this.#collect = collect;
  }

  /** Returns the result of the next collection. */
  get(): Promise<Result> {
    this.#next ??= this.#begin();
    return this.#next;
  }

  async #begin(): Promise<Result> {
    await this.#current;
    const waitMs = this.#begunMs + MIN_INTERVAL_MS - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    this.#begunMs = performance.now();
    this.#next = undefined;
    const result = this.#collect();
    this.#current = result.catch(() => {});
    return result;
  }
}
