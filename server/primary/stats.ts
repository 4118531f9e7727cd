// The answer to GET /stats: a part of the snapshot, under names that do not change.
import type { DrainProgress } from './drain.js';
import type { Snapshot } from './snapshot.js';
import type { WorkerState } from './worker-handle.js';

/** The statistics, for JSON. */
export interface Stats {
  readonly version: string;
  readonly uptimeSeconds: number;
  readonly ready: boolean;
  /** Why the server is not ready; null if it is ready. */
  readonly reason: string | null;
  readonly drain: DrainProgress | null;
  readonly connections: number;
  readonly channels: number;
  readonly workers: readonly StatsWorker[];
  readonly broker: {
    readonly kind: 'embedded' | 'redis';
    readonly connected: boolean;
    readonly reason: string | null;
  };
  readonly messages: Snapshot['messages'];
  readonly pings: number;
}

export interface StatsWorker {
  readonly number: number;
  readonly pid: number;
  readonly generation: number;
  readonly state: WorkerState;
  readonly connections: number;
  /** The most connections that the worker accepts. */
  readonly limit: number;
  /** `connected`, or why the worker is not connected to the broker. */
  readonly broker: string;
}

export const statsOf = (snapshot: Snapshot): Stats => ({
  version: snapshot.version,
  uptimeSeconds: snapshot.uptimeSeconds,
  ready: snapshot.ready,
  reason: snapshot.reason,
  drain: snapshot.drain,
  connections: snapshot.connections,
  channels: snapshot.channels,
  workers: snapshot.workers.map(
    ({ number, pid, generation, state, connections, connectionsLimit, broker }) => ({
      number,
      pid,
      generation,
      state,
      connections,
      limit: connectionsLimit,
      broker: broker.isConnected ? 'connected' : broker.reason,
    }),
  ),
  broker: {
    kind: snapshot.broker.kind,
    connected: snapshot.broker.isConnected,
    reason: snapshot.broker.isConnected ? null : snapshot.broker.reason,
  },
  messages: snapshot.messages,
  pings: snapshot.pings,
});
