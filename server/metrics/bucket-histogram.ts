// A histogram for hot paths: an observation is a short walk over numbers and allocates nothing. prom-client's own hashes
// labels at each observation.
import type { MetricsReport } from '../ipc.js';

type Metric = MetricsReport[number];

/** Counts of observations up to each bound, and their sum. */
export class BucketHistogram {
  readonly #name: string;
  readonly #help: string;
  readonly #labels: Readonly<Record<string, string>>;
  readonly #bounds: readonly number[];
  /** One more than there are bounds: the last is for what is over all of them. */
  readonly #counts: Float64Array;
  #sum = 0;

  /**
   * @param name without the prefix that all metrics share; its unit is that of the bounds
   * @param bounds upper bounds of the buckets, inclusive, ascending
   * @param labels the same on every sample
   */
  constructor(
    name: string,
    help: string,
    bounds: readonly number[],
    labels: Readonly<Record<string, string>> = {},
  ) {
    this.#name = `tenm_${name}`;
    this.#help = help;
    this.#bounds = bounds;
    this.#labels = labels;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    let bucket = 0;
    while (bucket < this.#bounds.length && value > this.#bounds[bucket]!) bucket++;
    this.#counts[bucket]!++;
    this.#sum += value;
  }

  /** The metric as prom-client's histograms report themselves. */
  report(): Metric {
    const sample = (suffix: string, value: number, labels = {}) => ({
      metricName: `${this.#name}_${suffix}`,
      value,
      labels: { ...labels, ...this.#labels },
    });
    let count = 0;
    const buckets = [...this.#bounds, '+Inf' as const].map((le, i) => {
      count += this.#counts[i]!;
      return sample('bucket', count, { le });
    });
    // prom-client's types know no histogram among the reports that its own histograms make.
    return {
      name: this.#name,
      help: this.#help,
      type: 'histogram',
      aggregator: 'sum',
      values: [...buckets, sample('sum', this.#sum), sample('count', count)],
    } as unknown as Metric;
  }
}
