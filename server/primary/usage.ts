// What the workers and the host use of their limits.
import { freemem, totalmem } from 'node:os';
import { readTcpMemory } from '../host/tcp-memory.js';
import type { ReportSums } from '../metrics/worker-report.js';
import type { Usage } from './headroom.js';

/** Combines the last reports of the workers with the present state of the host. */
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
    // availableMemory() is what the limit of a control group leaves, else MemAvailable. Without /proc it is 0; freemem()
    // then asks sysinfo(2).
    memoryAvailableBytes: Math.min(memoryBytes, process.availableMemory() || freemem()),
    tcpSockets: sockets,
    tcpBytes: usedBytes,
    tcpLimitBytes: limitBytes,
  };
}

/** The machine's memory, or the limit of the control group if that is lower. */
function memoryLimitBytes(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}
