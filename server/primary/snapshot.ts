// The state of the whole server at one moment. The status page gets it once a second, and /stats and /metrics are read
// from it.
import type { BrokerState } from '../broker/broker.js';
import type { HistogramReport } from '../metrics/bucket-histogram.js';
import { EMPTY_SUMS, type ReportSums } from '../metrics/worker-report.js';
import type { ClusterReport } from './cluster-report.js';
import type { DrainProgress } from './drain.js';
import { type Headroom, headroom, type Usage } from './headroom.js';
import { readUsage } from './usage.js';
import type { WorkerHandle, WorkerState } from './worker-handle.js';

/** The parts of a snapshot: the last reports of the workers, and the primary's own state. */
export interface SnapshotParts {
  readonly report: ClusterReport;
  readonly workers: readonly WorkerHandle[];
  readonly workersWanted: number;
  readonly workersMissing: number;
  readonly restarts: number;
  /** Workers that were killed, by reason. */
  readonly kills: Readonly<Record<string, number>>;
  readonly version: string;
  readonly uptimeSeconds: number;
  /** Why the server is not ready; `undefined` if it is ready. */
  readonly obstacle: string | undefined;
  readonly broker: BrokerState & { readonly kind: 'embedded' | 'redis' };
  /** Messages that the broker did not send to workers that do not keep up, counted once for each worker. */
  readonly droppedBehind: number;
  readonly stopping: boolean;
  readonly drain: DrainProgress | undefined;
}

/** The snapshot. Counters count from the server's start; NaN and Infinity become null in JSON. */
export interface Snapshot {
  /** Changes when the server is restarted; all counters then begin at 0. */
  readonly instance: string;
  readonly timeMs: number;
  readonly version: string;
  readonly uptimeSeconds: number;
  readonly ready: boolean;
  readonly reason: string | null;
  readonly connections: number;
  readonly connectionsLimit: number;
  readonly stalled: number;
  readonly channels: number;
  readonly opened: number;
  readonly closed: Readonly<Record<string, number>>;
  readonly rejected: number;
  readonly messages: Readonly<Record<'received' | 'delivered' | 'unrouted' | 'dropped', number>>;
  /** Part of the dropped messages; see {@link SnapshotParts.droppedBehind}. */
  readonly droppedBehind: number;
  readonly pings: number;
  readonly pingLag: HistogramReport;
  readonly probe: HistogramReport;
  readonly handover: HistogramReport;
  readonly workers: readonly SnapshotWorker[];
  readonly workersWanted: number;
  readonly workersMissing: number;
  readonly restarts: number;
  /** Workers that were killed, by reason. */
  readonly kills: Readonly<Record<string, number>>;
  readonly usage: Usage;
  readonly headroom: Headroom;
  /** Whether the server is stopping. */
  readonly stopping: boolean;
  readonly broker: SnapshotParts['broker'];
  readonly drain: DrainProgress | null;
}

export interface SnapshotWorker {
  /** Of the process. During a rolling restart, two workers share a number. */
  readonly id: number;
  readonly number: number;
  readonly pid: number;
  readonly generation: number;
  readonly state: WorkerState;
  readonly connections: number;
  readonly connectionsLimit: number;
  readonly memoryBytes: number;
  readonly delivered: number;
  readonly loopDelay: HistogramReport;
  readonly broker: BrokerState;
}

/** See {@link Snapshot.instance}. */
export const INSTANCE = `${process.pid}-${Math.round(performance.timeOrigin)}`;

export function takeSnapshot(parts: SnapshotParts): Snapshot {
  const { report, obstacle } = parts;
  const { total } = report;
  const { gauges, counters, reasons, histograms } = total;
  const usage = readUsage(total);
  return {
    instance: INSTANCE,
    timeMs: Date.now(),
    version: parts.version,
    uptimeSeconds: parts.uptimeSeconds,
    ready: obstacle === undefined,
    reason: obstacle ?? null,
    connections: gauges.connections,
    connectionsLimit: gauges.connectionsLimit,
    stalled: gauges.stalled,
    channels: gauges.channels,
    opened: counters.opened,
    closed: reasons.closed,
    rejected: sumOf(reasons.rejected),
    messages: {
      received: counters.messagesReceived,
      delivered: counters.messagesDelivered,
      unrouted: counters.messagesUnrouted,
      dropped: sumOf(reasons.dropped) + parts.droppedBehind,
    },
    droppedBehind: parts.droppedBehind,
    pings: counters.pingsSent,
    pingLag: histograms.pingLag,
    probe: histograms.probe,
    handover: histograms.handover,
    workers: parts.workers.map((worker) => snapshotOf(worker, report.ofWorker(worker.id) ?? EMPTY_SUMS)),
    workersWanted: parts.workersWanted,
    workersMissing: parts.workersMissing,
    restarts: parts.restarts,
    kills: { ...parts.kills },
    usage,
    headroom: headroom(usage),
    stopping: parts.stopping,
    broker: parts.broker,
    drain: parts.drain ?? null,
  };
}

const snapshotOf = (worker: WorkerHandle, { gauges, counters, histograms }: ReportSums): SnapshotWorker => ({
  id: worker.id,
  number: worker.number,
  pid: worker.pid,
  generation: worker.generation,
  state: worker.state,
  connections: gauges.connections,
  connectionsLimit: gauges.connectionsLimit,
  memoryBytes: gauges.memoryBytes,
  delivered: counters.messagesDelivered,
  loopDelay: histograms.loopDelay,
  broker: worker.broker,
});

const sumOf = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);
