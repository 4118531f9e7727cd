// The kinds of rows in the table of metrics, and their conversion to prom-client's format.
import type { HistogramReport } from '../metrics/bucket-histogram.js';
import type { ProcessReport, ReportSums } from '../metrics/worker-report.js';
import type { CertificateState } from '../tls/certificate-renewal.js';
import type { Snapshot } from './snapshot.js';

/** The data that all metrics are read from. */
export interface Exposed {
  readonly snapshot: Snapshot;
  /** The sums of all workers. */
  readonly total: ReportSums;
  /** The sums of each worker, by its number. */
  readonly byNumber: ReadonlyMap<number, ReportSums>;
  /** `undefined` without TLS. */
  readonly certificate: CertificateState | undefined;
}

interface Sample {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  /** Only if it differs from the name of the metric. */
  readonly metricName?: string;
}

/** One metric: its name without the common prefix, its type and help text, and how to read it. */
export interface Row {
  readonly name: string;
  readonly type: 'gauge' | 'counter' | 'histogram';
  readonly help: string;
  /** The samples under the full name; `undefined` if this server does not have the metric. */
  readonly samples: (exposed: Exposed, fullName: string) => readonly Sample[] | undefined;
}

type Read = (exposed: Exposed) => number | undefined;
type ReadLabelled = (exposed: Exposed) => Readonly<Record<string, number>> | undefined;
type ReadOfWorker<T> = (sums: ReportSums) => T;

const plain =
  (type: Row['type']) =>
  (name: string, help: string, read: Read): Row => ({
    name,
    type,
    help,
    samples(exposed) {
      const value = read(exposed);
      return value === undefined ? undefined : [{ labels: {}, value }];
    },
  });

/** A current value. */
export const gauge = plain('gauge');
/** A value that only grows. */
export const counter = plain('counter');

const labelled =
  (type: Row['type']) =>
  (name: string, label: string, help: string, read: ReadLabelled): Row => ({
    name,
    type,
    help,
    samples(exposed) {
      const values = read(exposed);
      return values && Object.entries(values).map(([key, value]) => ({ labels: { [label]: key }, value }));
    },
  });

/** A current value for each value of a label. */
export const gauges = labelled('gauge');
/** A value that only grows for each value of a label. */
export const counters = labelled('counter');

/** A metric with a value for each worker. It shows skew, which a sum hides. */
const ofWorker =
  (type: Row['type']) =>
  (name: string, help: string, read: ReadOfWorker<number>): Row =>
    labelled(type)(`worker_${name}`, 'worker', help, ({ byNumber }) =>
      Object.fromEntries([...byNumber].map(([number, sums]) => [number, read(sums)])),
    );

/** A current value of each worker. */
export const workerGauge = ofWorker('gauge');
/** A value of each worker that only grows. */
export const workerCounter = ofWorker('counter');

/** A histogram over all workers. */
export const histogram = (name: string, help: string, read: ReadOfWorker<HistogramReport>): Row => ({
  name,
  type: 'histogram',
  help,
  samples: ({ total }, fullName) => histogramSamples(fullName, read(total), {}),
});

/** A histogram of each worker. */
export const workerHistogram = (name: string, help: string, read: ReadOfWorker<HistogramReport>): Row => ({
  name: `worker_${name}`,
  type: 'histogram',
  help,
  samples: ({ byNumber }, fullName) =>
    [...byNumber].flatMap(([worker, sums]) => histogramSamples(fullName, read(sums), { worker })),
});

/** Makes cumulative buckets, as prom-client has them: each counts all observations up to its bound. */
function histogramSamples(
  fullName: string,
  { bounds, counts, sum }: HistogramReport,
  labels: Sample['labels'],
): Sample[] {
  let count = 0;
  const buckets = counts.map((observed, i) => {
    count += observed;
    return {
      metricName: `${fullName}_bucket`,
      labels: { le: bounds[i] ?? '+Inf', ...labels },
      value: count,
    };
  });
  return [
    ...buckets,
    { metricName: `${fullName}_sum`, labels, value: sum },
    { metricName: `${fullName}_count`, labels, value: count },
  ];
}

/** Converts the rows to the format in which prom-client reports its own metrics. */
export const reportOf = (rows: readonly Row[], exposed: Exposed, prefix: string): ProcessReport =>
  rows.flatMap(({ name, type, help, samples }) => {
    const fullName = prefix + name;
    const values = samples(exposed, fullName);
    // prom-client's types omit the form that its own histograms have in a report.
    return values === undefined
      ? []
      : [{ name: fullName, type, help, aggregator: 'sum', values } as unknown as ProcessReport[number]];
  });
