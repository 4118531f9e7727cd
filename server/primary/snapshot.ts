// The state of the whole server at one moment, as the status page gets it once a second.
import type { BrokerState } from '../broker/broker.js';
import type { ClusterMetrics } from './cluster-metrics.js';
import type { DrainProgress } from './drain.js';
import { type Headroom, headroom, type Usage } from './headroom.js';
import type { PoolWorker } from './worker-handle.js';

/** What a snapshot is made of: the last reports of the workers, and what the primary knows by itself. */
export interface SnapshotParts {
  readonly metrics: ClusterMetrics;
  readonly workers: readonly PoolWorker[];
  readonly workersWanted: number;
  readonly workersMissing: number;
  readonly restarts: number;
  readonly usage: Usage;
  readonly version: string;
  readonly uptimeSeconds: number;
  /** Why the server is not ready; `undefined` when it is. */
  readonly obstacle: string | undefined;
  readonly broker: BrokerState & { readonly kind: 'embedded' | 'redis' };
  readonly drain: DrainProgress | undefined;
}

/** A histogram: the upper bounds of its buckets, how many observations lie up to each, and their sum. */
export interface SnapshotHistogram {
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
  readonly count: number;
  readonly sum: number;
}

/** The snapshot. Counters count from the server's start; NaN and Infinity become null in JSON. */
export interface Snapshot {
  /** Changes when the server is started anew: counters begin at 0 then. */
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
  readonly messages: Readonly<Record<'received' | 'delivered' | 'dropped', number>>;
  readonly pings: number;
  readonly pingLag: SnapshotHistogram;
  readonly probe: SnapshotHistogram;
  readonly handover: SnapshotHistogram;
  readonly workers: readonly SnapshotWorker[];
  readonly workersWanted: number;
  readonly workersMissing: number;
  readonly restarts: number;
  readonly headroom: Headroom;
  readonly broker: SnapshotParts['broker'];
  readonly drain: SnapshotParts['drain'] | null;
}

export interface SnapshotWorker {
  /** Of the process: while a restart rolls, two workers have the same number. */
  readonly id: number;
  readonly number: number;
  readonly state: string;
  readonly connections: number;
  readonly memoryBytes: number;
  readonly delivered: number;
  readonly loopDelay: SnapshotHistogram;
  readonly hearsBroker: boolean;
}

export function statusSnapshot(parts: SnapshotParts): Snapshot {
  const { metrics, usage, drain, obstacle } = parts;
  const total = (name: string) => metrics.total(`tenm_${name}`);
  return {
    instance: `${process.pid}-${Math.round(performance.timeOrigin)}`,
    timeMs: Date.now(),
    version: parts.version,
    uptimeSeconds: parts.uptimeSeconds,
    ready: obstacle === undefined,
    reason: obstacle ?? null,
    connections: usage.connections,
    connectionsLimit: usage.connectionsLimit,
    stalled: total('connections_stalled'),
    channels: total('channels'),
    opened: total('connections_opened_total'),
    closed: byReason(metrics, 'connections_closed_total'),
    rejected: total('connections_rejected_total'),
    messages: {
      received: total('messages_received_total'),
      delivered: total('messages_delivered_total'),
      dropped: total('messages_dropped_total'),
    },
    pings: total('pings_sent_total'),
    pingLag: histogram(metrics.samples('tenm_ping_lag_seconds')),
    probe: histogram(metrics.samples('tenm_delivery_probe_seconds')),
    handover: histogram(metrics.samples('tenm_delivery_handover_seconds')),
    workers: parts.workers.map((worker) => snapshotOf(worker, metrics)),
    workersWanted: parts.workersWanted,
    workersMissing: parts.workersMissing,
    restarts: parts.restarts,
    headroom: headroom(usage),
    broker: parts.broker,
    drain: drain ?? null,
  };
}

function snapshotOf(worker: PoolWorker, metrics: ClusterMetrics): SnapshotWorker {
  const value = (name: string) => metrics.ofWorker(worker.id, `tenm_worker_${name}`);
  return {
    id: worker.id,
    number: worker.number,
    state: worker.state,
    connections: value('connections'),
    memoryBytes: value('memory_bytes'),
    delivered: value('messages_delivered_total'),
    loopDelay: histogram(metrics.samplesOfWorker(worker.id, 'tenm_worker_event_loop_delay_seconds')),
    hearsBroker: worker.broker.isConnected,
  };
}

function byReason(metrics: ClusterMetrics, name: string): Record<string, number> {
  return Object.fromEntries(
    metrics.samples(`tenm_${name}`).map(({ labels, value }) => [String(labels['reason']), value]),
  );
}

function histogram(samples: ReturnType<ClusterMetrics['samples']>): SnapshotHistogram {
  const named = (suffix: string) =>
    samples.filter(({ metricName }) => String(metricName).endsWith(`_${suffix}`));
  const buckets = named('bucket').filter(({ labels }) => labels['le'] !== '+Inf');
  return {
    bounds: buckets.map(({ labels }) => Number(labels['le'])),
    counts: buckets.map(({ value }) => value),
    count: named('count')[0]?.value ?? 0,
    sum: named('sum')[0]?.value ?? 0,
  };
}
