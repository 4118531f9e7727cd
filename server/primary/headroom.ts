// How much of each limit is used, and how many more connections fit below it. Pure.
import { tenmCosts } from '../plan/costs.js';

/** The limits that bound a server; the values of the `limit` label. */
export const limits = ['connections', 'fds', 'memory', 'tcp_memory'] as const;
export type Limit = (typeof limits)[number];

/** The measured values, summed over all workers. */
export interface Usage {
  readonly connections: number;
  readonly connectionsLimit: number;
  readonly openFds: number;
  readonly maxFds: number;
  /** Memory that the workers have gained since their start. */
  readonly userBytes: number;
  readonly memoryBytes: number;
  readonly memoryAvailableBytes: number;
  readonly tcpSockets: number;
  readonly tcpBytes: number;
  readonly tcpLimitBytes: number;
}

/** Memory of one connection, in bytes; NaN with too few connections to tell their memory from noise. */
export interface ConnectionMemory {
  readonly userBytes: number;
  readonly kernelBytes: number;
}

/** How much of a limit is used, from 0 to 1, and how many more connections fit below it (Infinity: no bound). */
export interface Room {
  readonly usedRatio: number;
  readonly connections: number;
}

export interface Headroom {
  readonly memory: ConnectionMemory;
  readonly rooms: Readonly<Record<Limit, Room>>;
  /** The limit that leaves room for the fewest connections. */
  readonly nearest: Limit;
}

/** With fewer connections, other uses of memory outweigh them. */
export const MIN_CONNECTIONS_MEASURED = 1000;

export function headroom(usage: Usage): Headroom {
  const memory = connectionMemory(usage);
  const { userOwnChannel, kernelSocket } = tenmCosts;
  const costBytes =
    (Number.isNaN(memory.userBytes) ? userOwnChannel.high : memory.userBytes) +
    (Number.isNaN(memory.kernelBytes) ? kernelSocket.high : memory.kernelBytes);
  // Idle sockets hold no buffers, so this bound depends on the present traffic; without traffic there is none.
  const tcpBytesPerSocket =
    usage.connections < MIN_CONNECTIONS_MEASURED ? 0 : usage.tcpBytes / Math.max(1, usage.tcpSockets);
  const rooms = {
    connections: room(usage.connections, usage.connectionsLimit, 1),
    fds: room(usage.openFds, usage.maxFds, 1),
    memory: room(usage.memoryBytes - usage.memoryAvailableBytes, usage.memoryBytes, costBytes),
    tcp_memory: room(usage.tcpBytes, usage.tcpLimitBytes, tcpBytesPerSocket),
  };
  const nearest = limits.reduce((least, limit) =>
    rooms[limit].connections < rooms[least].connections ? limit : least,
  );
  return { memory, rooms, nearest };
}

function connectionMemory(usage: Usage): ConnectionMemory {
  if (usage.connections < MIN_CONNECTIONS_MEASURED) {
    return { userBytes: Number.NaN, kernelBytes: Number.NaN };
  }
  return {
    userBytes: Math.max(0, usage.userBytes / usage.connections),
    kernelBytes: tenmCosts.kernelSocket.low + usage.tcpBytes / Math.max(1, usage.tcpSockets),
  };
}

function room(used: number, limit: number, perConnection: number): Room {
  if (limit === 0) return { usedRatio: 0, connections: 0 };
  return {
    usedRatio: Number.isFinite(limit) ? used / limit : 0,
    connections: Math.max(0, Math.floor((limit - used) / perConnection)),
  };
}
