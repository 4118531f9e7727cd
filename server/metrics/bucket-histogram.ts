// A histogram for hot paths: an observation compares a few numbers and allocates nothing. prom-client's own histogram
// hashes labels at each observation.

/** A histogram in the form that is sent between processes. */
export interface HistogramReport {
  /** Upper bounds of the buckets, inclusive, ascending. */
  readonly bounds: readonly number[];
  /** Observations in each bucket; the last bucket is for values above all bounds. */
  readonly counts: readonly number[];
  readonly sum: number;
}

/** Counts the observations in each bucket, and adds up their values. */
export class BucketHistogram {
  readonly #bounds: readonly number[];
  readonly #counts: Float64Array;
  #sum = 0;

  /** @param bounds upper bounds of the buckets, inclusive, ascending, in the unit of the observed values */
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
