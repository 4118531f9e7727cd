// The metrics of all workers as one: sums that do not fall when a worker dies or does not answer.
import { AggregatorRegistry } from 'prom-client';
import type { MetricsReport } from '../ipc.js';

type Metric = MetricsReport[number];

/** Metrics that only ever grow. */
const isCumulative = (metric: Metric): boolean => ['counter', 'histogram'].includes(String(metric.type));

/** The last report of each worker, and the totals of those that are gone. */
export class ClusterMetrics {
  readonly #last = new Map<number, Map<string, Metric>>();
  readonly #retired = new Map<string, Metric>();

  /**
   * Takes a worker's report.
   *
   * @param id of the worker process, not used again for another one
   */
  report(id: number, metrics: MetricsReport): void {
    const last = this.#last.get(id) ?? new Map<string, Metric>();
    for (const metric of metrics) last.set(metric.name, metric);
    this.#last.set(id, last);
  }

  /** A worker is gone: its counters stay in the sums, its gauges do not. */
  retire(id: number): void {
    for (const metric of this.#last.get(id)?.values() ?? []) {
      if (isCumulative(metric)) this.#retired.set(metric.name, sum(this.#retired.get(metric.name), metric));
    }
    this.#last.delete(id);
  }

  /** The value of a worker's metric without labels; 0 before its first report. */
  ofWorker(id: number, name: string): number {
    return total(this.#last.get(id)?.get(name));
  }

  /** The value of a metric over all workers, over all its labels. */
  total(name: string): number {
    let value = total(this.#retired.get(name));
    for (const metrics of this.#last.values()) value += total(metrics.get(name));
    return value;
  }

  /** The samples of one worker's metric; none before its first report. */
  samplesOfWorker(id: number, name: string): Metric['values'] {
    return this.#last.get(id)?.get(name)?.values ?? [];
  }

  /** The samples of a metric, summed label by label over all workers, those that are gone included. */
  samples(name: string): Metric['values'] {
    const reports = [this.#retired, ...this.#last.values()];
    return sumOf(reports.flatMap((metrics) => metrics.get(name)?.values ?? []));
  }

  /**
   * The exposition of all workers, of those that are gone, and of the primary.
   *
   * @param primary the primary's own metrics
   */
  async exposition(primary: MetricsReport): Promise<string> {
    const reports = [...this.#last.values(), this.#retired].map((metrics) => [...metrics.values()]);
    return AggregatorRegistry.aggregate([...reports, primary]).metrics();
  }
}

const total = (metric: Metric | undefined): number =>
  metric?.values.reduce((value, entry) => value + entry.value, 0) ?? 0;

/** The same metric of two processes, label by label. */
function sum(a: Metric | undefined, b: Metric): Metric {
  return { ...b, values: sumOf([...(a?.values ?? []), ...b.values]) };
}

function sumOf(samples: Metric['values']): Metric['values'] {
  const values = new Map<string, Metric['values'][number]>();
  for (const entry of samples) {
    const key = JSON.stringify([entry.metricName, Object.entries(entry.labels).sort()]);
    values.set(key, { ...entry, value: entry.value + (values.get(key)?.value ?? 0) });
  }
  return [...values.values()];
}
