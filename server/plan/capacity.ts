// The capacity model: from a load and a machine to memory, processes, CPU and bandwidth. Pure; see docs/capacity.md.

import type { Span } from '../command/quantity.js';
import { OWN_FILES, roomForConnections } from '../host/fd-limit.js';
import {
  BROKER_MESSAGES_PER_WORKER,
  type Costs,
  CPU_SHARE,
  FULLEST_WORKER,
  MEMORY_SHARE,
  REDIS_OUTPUT_MESSAGES,
  tenmCosts,
} from './costs.js';
import { messageOnWire, pmessageBytes, type WireBytes } from './wire.js';

/** What is to be served. */
export interface Load {
  readonly connections: number;
  /** 0 is off. */
  readonly pingIntervalSeconds: number;
  /** Messages published a second, on all channels together. */
  readonly messagesPerSecond: number;
  /** Connections that each message goes to, on average. */
  readonly fanout: number;
  readonly messageBytes: number;
  readonly channels: 'own' | 'shared';
  readonly tls: boolean;
}

/** What there is to serve it with. */
export interface Machine {
  readonly cores?: number | undefined;
  readonly memoryBytes?: number | undefined;
  /** Open files that each process may have. */
  readonly openFiles: number;
  /** Ports of the range: each takes a file in each worker. */
  readonly ports: number;
  /** Connections at which a worker is full by its options, where they say so. */
  readonly maxConnections?: number | undefined;
}

/** What bounds a machine. */
export type Bottleneck = 'memory' | 'CPU' | 'open files';

/** The answer. Spans run from the costs' low to their high end. */
export interface Capacity {
  readonly workers: number;
  /** The mean; the fullest worker has more. */
  readonly connectionsPerWorker: number;
  /** Of the fullest worker. */
  readonly filesPerWorker: number;
  readonly filesInAll: number;
  readonly userBytes: Span;
  readonly kernelBytes: Span;
  readonly memoryBytes: Span;
  readonly pingsPerSecond: number;
  readonly deliveriesPerSecond: number;
  /** Cores kept busy by pings, deliveries and the broker. */
  readonly busyCores: Span;
  readonly wireBitsPerSecond: WireBytes;
  readonly pingOnWire: WireBytes;
  /** Every worker receives every message. */
  readonly redisMessagesPerSecond: number;
  readonly redisBytesPerSecond: number;
  /** Redis servers that the output asks for; they would have to share the channels. */
  readonly redisServers: number;
  /** True where each worker is offered more messages than it can take in. */
  readonly isBrokerOverloaded: boolean;
  /** What one such machine holds at the high end of the costs, where its memory and cores are known. */
  readonly holds?: { readonly connections: number; readonly limitedBy: Bottleneck };
  /** Machines for the whole load, where one is known. */
  readonly machines?: number;
}

/** Length assumed of a channel's name; it only weighs in Redis's output. */
const CHANNEL_BYTES = 16;

/** Connections that one worker has room for; below 1 where its listeners alone use up the limit. */
export const roomPerWorker = (machine: Pick<Machine, 'openFiles' | 'ports'>): number =>
  roomForConnections(machine.openFiles, machine.ports);

/** Workers among which no one gets more connections than it has room for; Infinity where there is no room. */
export function workersForRoom(connections: number, room: number): number {
  if (room < 1) return Number.POSITIVE_INFINITY;
  return connections <= room ? 1 : Math.ceil((connections * FULLEST_WORKER) / room);
}

/** Workers without which the limit of open files cannot carry the connections; Infinity where none can. */
export const workersForFiles = (connections: number, machine: Pick<Machine, 'openFiles' | 'ports'>): number =>
  workersForRoom(connections, roomPerWorker(machine));

/**
 * @param costs of the server program
 * @param workers processes, where that is settled; else one for each core, and as many as the open files ask for
 */
export function capacity(load: Load, machine: Machine, costs: Costs = tenmCosts, workers?: number): Capacity {
  const pingsPerSecond = load.pingIntervalSeconds === 0 ? 0 : load.connections / load.pingIntervalSeconds;
  const deliveriesPerSecond = load.messagesPerSecond * load.fanout;
  const sending = sum(times(costs.ping, pingsPerSecond), times(costs.delivery, deliveriesPerSecond));
  const cores = machine.cores ?? Math.max(1, Math.ceil(sending.high / 1e6 / CPU_SHARE));
  const settled = workers ?? (costs.isOneProcess ? 1 : undefined);
  const processes = settled ?? Math.max(cores, workersForFiles(load.connections, machine));
  const receiving = times(costs.brokerMessage, load.messagesPerSecond * processes);

  const connectionsPerWorker = Math.ceil(load.connections / processes);
  const fullest =
    processes === 1 ? load.connections : Math.ceil((load.connections * FULLEST_WORKER) / processes);
  const filesPerWorker = Math.min(fullest, machine.maxConnections ?? fullest) + machine.ports + OWN_FILES;
  const userBytes = sum(times(userCost(load, costs), load.connections), times(costs.process, processes + 1));
  const kernelBytes = times(costs.kernelSocket, load.connections + processes * machine.ports);

  const ping = messageOnWire(0, load.tls);
  const message = messageOnWire(load.messageBytes, load.tls);
  const bitsPerSecond = (direction: keyof WireBytes): number =>
    8 * (pingsPerSecond * ping[direction] + deliveriesPerSecond * message[direction]);
  const redisMessagesPerSecond = load.messagesPerSecond * processes;
  const holds = holdsOf(load, machine, costs);

  return {
    workers: processes,
    connectionsPerWorker,
    filesPerWorker,
    filesInAll: load.connections + processes * (machine.ports + OWN_FILES),
    userBytes,
    kernelBytes,
    memoryBytes: sum(userBytes, kernelBytes),
    pingsPerSecond,
    deliveriesPerSecond,
    busyCores: times(sum(sending, receiving), 1e-6),
    wireBitsPerSecond: { out: bitsPerSecond('out'), in: bitsPerSecond('in') },
    pingOnWire: ping,
    redisMessagesPerSecond,
    redisBytesPerSecond: redisMessagesPerSecond * pmessageBytes(CHANNEL_BYTES, load.messageBytes),
    redisServers: Math.ceil(redisMessagesPerSecond / REDIS_OUTPUT_MESSAGES),
    isBrokerOverloaded: load.messagesPerSecond > BROKER_MESSAGES_PER_WORKER,
    ...(holds === undefined
      ? {}
      : { holds, machines: Math.ceil(load.connections / Math.max(1, holds.connections)) }),
  };
}

function userCost(load: Load, costs: Costs): Span {
  const connection = load.channels === 'own' ? costs.userOwnChannel : costs.userSharedChannel;
  return load.tls ? sum(connection, costs.tls) : connection;
}

/** The other way round: the connections that fill the machine's share of memory or of cores, at the high end. */
function holdsOf(load: Load, machine: Machine, costs: Costs): Capacity['holds'] {
  const { cores, memoryBytes } = machine;
  if (cores === undefined || memoryBytes === undefined) return undefined;
  const bounds: [Bottleneck, number][] = [
    ['memory', heldByMemory(load, machine, costs, cores, memoryBytes)],
    ['CPU', heldByCpu(load, costs, cores)],
    ['open files', costs.isOneProcess || roomPerWorker(machine) < 1 ? roomPerWorker(machine) : Infinity],
  ];
  const [limitedBy, connections] = bounds.reduce((least, bound) => (bound[1] < least[1] ? bound : least));
  return { connections: Math.max(0, Math.floor(connections)), limitedBy };
}

function heldByMemory(
  load: Load,
  machine: Machine,
  costs: Costs,
  cores: number,
  memoryBytes: number,
): number {
  const connectionBytes = userCost(load, costs).high + costs.kernelSocket.high;
  const workerBytes = costs.process.high + machine.ports * costs.kernelSocket.high;
  const usableBytes = memoryBytes * MEMORY_SHARE - costs.process.high;
  const workers = costs.isOneProcess ? 1 : cores;
  const held = (usableBytes - workers * workerBytes) / connectionBytes;
  const room = Math.max(1, roomPerWorker(machine) / FULLEST_WORKER);
  if (costs.isOneProcess || held <= workers * room) return held;
  // The open files ask for more workers than cores, so that each connection pays its share of one.
  return usableBytes / (connectionBytes + workerBytes / room);
}

function heldByCpu(load: Load, costs: Costs, cores: number): number {
  const deliveryMicros = load.messagesPerSecond * load.fanout * costs.delivery.high;
  const brokerMicros = load.messagesPerSecond * cores * costs.brokerMessage.high;
  const spareMicros = cores * CPU_SHARE * 1e6 - deliveryMicros - brokerMicros;
  if (load.pingIntervalSeconds === 0) return spareMicros < 0 ? 0 : Number.POSITIVE_INFINITY;
  return (spareMicros * load.pingIntervalSeconds) / costs.ping.high;
}

const times = (span: Span, factor: number): Span => ({ low: span.low * factor, high: span.high * factor });

const sum = (a: Span, b: Span): Span => ({ low: a.low + b.low, high: a.high + b.high });
