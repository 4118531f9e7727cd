// What the workers and the host use of their limits, as the primary last heard and now reads.
import { freemem, totalmem } from 'node:os';
import { readTcpMemory } from '../host/tcp-memory.js';
import type { ReportSums } from '../metrics/worker-report.js';
import type { Usage } from './headroom.js';

/** The last reports of the workers, together with the host's present state. */
export function readUsage({ gauges }: ReportSums): Usage {
  const { sockets, usedBytes, limitBytes } = readTcpMemory();
  const memoryBytes = memoryLimitBytes();
  return {
    connections: gauges.connections,
    connectionsLimit: gauges.connectionsLimit,
    openFds: gauges.openFds,
    maxFds: gauges.maxFds,
    userBytes: gauges.memoryBytes - gauges.baseMemoryBytes,
    memoryBytes,
    // What a control group leaves, where one has a limit; else MemAvailable. Without /proc that is 0, and sysinfo(2) has to do.
    memoryAvailableBytes: Math.min(memoryBytes, process.availableMemory() || freemem()),
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
