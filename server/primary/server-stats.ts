// What GET /stats says of the whole server.
import type { BrokerState } from '../broker/broker.js';
import type { ClusterMetrics } from './cluster-metrics.js';
import type { DrainProgress } from './drain.js';
import type { PoolWorker } from './worker-handle.js';

/** What the statistics are made of, besides the metrics of the workers. */
export interface StatsParts {
  readonly metrics: ClusterMetrics;
  readonly workers: readonly PoolWorker[];
  readonly version: string;
  readonly uptimeSeconds: number;
  /** Why the server is not ready; `undefined` when it is. */
  readonly obstacle: string | undefined;
  readonly broker: BrokerState & { readonly kind: 'embedded' | 'redis' };
  readonly drain: DrainProgress | undefined;
}

/** The statistics, for JSON. */
export function serverStats(parts: StatsParts): unknown {
  const { metrics, broker } = parts;
  const total = (name: string) => metrics.total(`tenm_${name}`);
  return {
    version: parts.version,
    uptimeSeconds: parts.uptimeSeconds,
    ready: parts.obstacle === undefined,
    reason: parts.obstacle ?? null,
    drain: parts.drain ?? null,
    connections: total('connections'),
    channels: total('channels'),
    workers: parts.workers.map((worker) => ({
      number: worker.number,
      pid: worker.pid,
      generation: worker.generation,
      state: worker.state,
      connections: metrics.ofWorker(worker.id, 'tenm_connections'),
      limit: metrics.ofWorker(worker.id, 'tenm_connections_limit'),
      broker: worker.broker.isConnected ? 'connected' : worker.broker.reason,
    })),
    broker: {
      kind: broker.kind,
      connected: broker.isConnected,
      reason: broker.isConnected ? null : broker.reason,
    },
    messages: {
      received: total('messages_received_total'),
      delivered: total('messages_delivered_total'),
      unrouted: total('messages_unrouted_total'),
      dropped: total('messages_dropped_total'),
    },
    pings: total('pings_sent_total'),
  };
}
