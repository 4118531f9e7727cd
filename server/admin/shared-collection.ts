// A collection that is dear: made once for all who ask meanwhile, and not more often than it may be.

/** Collections begin at least this long after each other. */
const MIN_INTERVAL_MS = 50;

/** Whoever asks gets what was collected after they asked, and at most one collection is made at a time. */
export class SharedCollection<Result> {
  readonly #collect: () => Promise<Result>;
  #current: Promise<unknown> = Promise.resolve();
  /** Has not begun yet: whoever asks now may have its result. */
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
