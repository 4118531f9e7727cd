// What the workers and the host use of their limits, as the primary last heard and now reads.
import { totalmem } from 'node:os';
import { readTcpMemory } from '../host/tcp-memory.js';
import type { ClusterMetrics } from './cluster-metrics.js';
import type { Usage } from './headroom.js';

/** The last report of each worker, together with the host's present state. */
export function readUsage(metrics: ClusterMetrics): Usage {
  const total = (name: string) => metrics.total(`tenm_${name}`);
  const { sockets, usedBytes, limitBytes } = readTcpMemory();
  const memoryBytes = memoryLimitBytes();
  return {
    connections: total('connections'),
    connectionsLimit: total('connections_limit'),
    openFds: total('open_fds'),
    maxFds: total('max_fds'),
    userBytes: total('worker_memory_bytes') - total('worker_base_memory_bytes'),
    memoryBytes,
    // What a control group leaves, where one has a limit; else MemAvailable.
    memoryAvailableBytes: Math.min(memoryBytes, process.availableMemory()),
    tcpSockets: sockets,
    tcpBytes: usedBytes,
    tcpLimitBytes: limitBytes,
  };
}

/** The machine's memory, or what the control group allows of it. */
function memoryLimitBytes(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}
