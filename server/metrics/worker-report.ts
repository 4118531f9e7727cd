// The numbers that a worker reports to the primary, grouped by how the reports of several workers are combined.
import type { MetricObjectWithValues, MetricValueWithName } from 'prom-client';
import type { HistogramReport } from './bucket-histogram.js';

/** prom-client's default metrics of one process, in the form that prom-client aggregates. */
export type ProcessReport = MetricObjectWithValues<MetricValueWithName<string>>[];

/** Current values. They leave the sums when their worker ends. */
export interface ReportedGauges {
  readonly connections: number;
  /** Connections whose clients have not read what was sent. */
  readonly stalled: number;
  /** Channels that have a connection in this worker. */
  readonly channels: number;
  readonly connectionsLimit: number;
  /** 1 while the worker is connected to the broker, else 0. */
  readonly brokerConnected: number;
  readonly openFds: number;
  readonly maxFds: number;
  /** Memory that the worker shares with no other process. */
  readonly memoryBytes: number;
  /** The same memory at its start, before it had connections. */
  readonly baseMemoryBytes: number;
}

/** Counts since the worker's start. Like the reasons and histograms, they stay in the sums when the worker ends. */
export interface ReportedCounters {
  readonly opened: number;
  readonly pingsSent: number;
  readonly messagesReceived: number;
  /** Counted once for each connection that a message was handed to. */
  readonly messagesDelivered: number;
  readonly messagesUnrouted: number;
  readonly brokerReconnects: number;
  readonly logLinesLost: number;
  readonly cpuSeconds: number;
}

/** Counts by the value of the `reason` label. */
export interface ReportedReasons {
  readonly closed: Readonly<Record<string, number>>;
  readonly rejected: Readonly<Record<string, number>>;
  readonly dropped: Readonly<Record<string, number>>;
}

/** Times in seconds; `batchMessages` in messages. */
export interface ReportedHistograms {
  readonly age: HistogramReport;
  readonly pingLag: HistogramReport;
  readonly probe: HistogramReport;
  readonly handover: HistogramReport;
  readonly batchMessages: HistogramReport;
  readonly loopDelay: HistogramReport;
}

/** The part that is summed over the workers, field by field. */
export interface ReportSums {
  readonly gauges: ReportedGauges;
  readonly counters: ReportedCounters;
  readonly reasons: ReportedReasons;
  readonly histograms: ReportedHistograms;
}

/** Everything that a worker reports to the primary. */
export interface WorkerReport extends ReportSums {
  /** Only if requested. Collecting it resets the event loop delay, so only scrapes request it. */
  readonly process: ProcessReport | undefined;
}

/**
 * The few numbers that a worker sends with each sign of life, for the history of the status page. A whole report every
 * few seconds would cost an idle process more than everything else that it does.
 */
export interface Tally {
  readonly opened: number;
  readonly closed: number;
  readonly messagesReceived: number;
  readonly messagesDelivered: number;
  readonly pingsSent: number;
}

const NO_OBSERVATIONS: HistogramReport = { bounds: [], counts: [], sum: 0 };

/** The sums before the first report. */
export const EMPTY_SUMS: ReportSums = {
  gauges: {
    connections: 0,
    stalled: 0,
    channels: 0,
    connectionsLimit: 0,
    brokerConnected: 0,
    openFds: 0,
    maxFds: 0,
    memoryBytes: 0,
    baseMemoryBytes: 0,
  },
  counters: {
    opened: 0,
    pingsSent: 0,
    messagesReceived: 0,
    messagesDelivered: 0,
    messagesUnrouted: 0,
    brokerReconnects: 0,
    logLinesLost: 0,
    cpuSeconds: 0,
  },
  reasons: { closed: {}, rejected: {}, dropped: {} },
  histograms: {
    age: NO_OBSERVATIONS,
    pingLag: NO_OBSERVATIONS,
    probe: NO_OBSERVATIONS,
    handover: NO_OBSERVATIONS,
    batchMessages: NO_OBSERVATIONS,
    loopDelay: NO_OBSERVATIONS,
  },
};

/** Extracts the tally from a report. */
export const tallyOf = ({ counters, reasons }: ReportSums): Tally => ({
  opened: counters.opened,
  closed: Object.values(reasons.closed).reduce((sum, count) => sum + count, 0),
  messagesReceived: counters.messagesReceived,
  messagesDelivered: counters.messagesDelivered,
  pingsSent: counters.pingsSent,
});

/**
 * Adds a report to sums.
 *
 * @param sums of reports with the same bounds, or {@link EMPTY_SUMS}
 */
export function addReport(sums: ReportSums, report: ReportSums): ReportSums {
  const { age, pingLag, probe, handover, batchMessages, loopDelay } = sums.histograms;
  return {
    gauges: addNumbers(sums.gauges, report.gauges),
    counters: addNumbers(sums.counters, report.counters),
    reasons: {
      closed: addNumbers(sums.reasons.closed, report.reasons.closed),
      rejected: addNumbers(sums.reasons.rejected, report.reasons.rejected),
      dropped: addNumbers(sums.reasons.dropped, report.reasons.dropped),
    },
    histograms: {
      age: addHistogram(age, report.histograms.age),
      pingLag: addHistogram(pingLag, report.histograms.pingLag),
      probe: addHistogram(probe, report.histograms.probe),
      handover: addHistogram(handover, report.histograms.handover),
      batchMessages: addHistogram(batchMessages, report.histograms.batchMessages),
      loopDelay: addHistogram(loopDelay, report.histograms.loopDelay),
    },
  };
}

function addNumbers<T extends { readonly [K in keyof T]: number }>(sums: T, report: T): T {
  const added = Object.entries<number>(report).map(([key, value]) => [
    key,
    value + ((sums as Readonly<Record<string, number>>)[key] ?? 0),
  ]);
  return Object.fromEntries(added);
}

const addHistogram = (sums: HistogramReport, report: HistogramReport): HistogramReport => ({
  bounds: report.bounds,
  counts: report.counts.map((count, i) => count + (sums.counts[i] ?? 0)),
  sum: sums.sum + report.sum,
});
