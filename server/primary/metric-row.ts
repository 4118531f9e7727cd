// The kinds of rows that the table of metrics has, and what prom-client makes a text of.
import type { HistogramReport } from '../metrics/bucket-histogram.js';
import type { ProcessReport, ReportSums } from '../metrics/worker-report.js';
import type { CertificateState } from '../tls/certificate-renewal.js';
import type { Snapshot } from './snapshot.js';

/** What all metrics are read from. */
export interface Exposed {
  readonly snapshot: Snapshot;
  /** The sums of all workers. */
  readonly total: ReportSums;
  /** The same apart for each worker, by its number. */
  readonly byNumber: ReadonlyMap<number, ReportSums>;
  /** Only with TLS. */
  readonly certificate: CertificateState | undefined;
}

interface Sample {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  /** Where it differs from the name of the metric. */
  readonly metricName?: string;
}

/** One metric: its name without the prefix that all share, its type and help, and how it is read. */
export interface Row {
  readonly name: string;
  readonly type: 'gauge' | 'counter' | 'histogram';
  readonly help: string;
  /** The samples under the full name; `undefined` where this server does not have the metric. */
  readonly samples: (exposed: Exposed, fullName: string) => readonly Sample[] | undefined;
}

/** Before every name. */
const PREFIX = 'tenm_';

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

/** A value of now. */
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

/** A value of now for each value of a label. */
export const gauges = labelled('gauge');
/** A value that only grows for each value of a label. */
export const counters = labelled('counter');

/** What is told of each worker apart: skew shows here, and nowhere in the sums. */
const ofWorker =
  (type: Row['type']) =>
  (name: string, help: string, read: ReadOfWorker<number>): Row =>
    labelled(type)(`worker_${name}`, 'worker', help, ({ byNumber }) =>
      Object.fromEntries([...byNumber].map(([number, sums]) => [number, read(sums)])),
    );

/** A value of now of each worker. */
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

/** prom-client's buckets count all that is up to their bound. */
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

/** The rows as prom-client reports its own metrics. */
export const reportOf = (rows: readonly Row[], exposed: Exposed): ProcessReport =>
  rows.flatMap(({ name, type, help, samples }) => {
    const fullName = PREFIX + name;
    const values = samples(exposed, fullName);
    // prom-client's types know no histogram among the reports that its own histograms make.
    return values === undefined
      ? []
      : [{ name: fullName, type, help, aggregator: 'sum', values } as unknown as ProcessReport[number]];
  });
