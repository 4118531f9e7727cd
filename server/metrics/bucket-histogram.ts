// A histogram for hot paths: an observation is a short walk over numbers and allocates nothing. prom-client's own hashes
// labels at each observation.

/** A histogram as it crosses processes. */
export interface HistogramReport {
  /** Upper bounds of the buckets, inclusive, ascending. */
  readonly bounds: readonly number[];
  /** Observations in each bucket; the last one is for what is over all bounds. */
  readonly counts: readonly number[];
  readonly sum: number;
}

/** Counts observations up to each bound, and their sum. */
export class BucketHistogram {
  readonly #bounds: readonly number[];
  readonly #counts: Float64Array;
  #sum = 0;

  /** @param bounds upper bounds of the buckets, inclusive, ascending, in the unit of what is observed */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    let bucket = 0;
    while (bucket < this.#bounds.length && value > this.#bounds[bucket]!) bucket++;
    this.#counts[bucket]!++;
    this.#sum += value;
  }

  report(): HistogramReport {
    return { bounds: this.#bounds, counts: [...this.#counts], sum: this.#sum };
  }
}
