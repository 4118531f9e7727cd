// An expensive collection: it is made once for all who ask in the meantime, and its rate is limited.

/** Shortest time between the starts of two collections. */
const MIN_INTERVAL_MS = 50;

/** Makes one collection at a time. Everybody gets a collection that began after they asked. */
export class SharedCollection<Result> {
  readonly #collect: () => Promise<Result>;
  #current: Promise<unknown> = Promise.resolve();
  /** A collection that has not begun yet, so whoever asks now can share it. */
  #next: Promise<Result> | undefined;
  #begunMs = Number.NEGATIVE_INFINITY;

  constructor(collect: () => Promise<Result>) {
    this.#collect = collect;
  }

  /** The result of the next collection. */
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
