// The capacity model: computes memory, processes, CPU and bandwidth from a load and a machine. Pure; see docs/capacity.md.

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

/** The load to serve. */
export interface Load {
  readonly connections: number;
  /** 0 means no pings. */
  readonly pingIntervalSeconds: number;
  /** Messages published a second, on all channels together. */
  readonly messagesPerSecond: number;
  /** Connections that each message goes to, on average. */
  readonly fanout: number;
  readonly messageBytes: number;
  readonly channels: 'own' | 'shared';
  readonly tls: boolean;
}

/** The machine that serves it. */
export interface Machine {
  readonly cores?: number | undefined;
  readonly memoryBytes?: number | undefined;
  /** Open files that each process may have. */
  readonly openFiles: number;
  /** Ports of the range; each takes a file in each worker. */
  readonly ports: number;
  /** Connections at which a worker is full by --max-connections, if that is set. */
  readonly maxConnections?: number | undefined;
}

/** What limits a machine. */
export type Bottleneck = 'memory' | 'CPU' | 'open files';

/** The result of the model. Spans run from the low to the high end of the costs. */
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
  /** Cores that pings, deliveries and the broker keep busy. */
  readonly busyCores: Span;
  readonly wireBitsPerSecond: WireBytes;
  readonly pingOnWire: WireBytes;
  /** Every worker receives every message. */
  readonly redisMessagesPerSecond: number;
  readonly redisBytesPerSecond: number;
  /** Redis servers that the output requires; the channels would have to be split over them. */
  readonly redisServers: number;
  /** Whether each worker would get more messages than it can receive. */
  readonly isBrokerOverloaded: boolean;
  /** What one such machine holds at the high end of the costs, if its memory and cores are known. */
  readonly holds?: { readonly connections: number; readonly limitedBy: Bottleneck };
  /** Machines for the whole load, if the machine is known. */
  readonly machines?: number;
}

/** Assumed length of a channel's name; it only affects the output of Redis. */
const CHANNEL_BYTES = 16;

/** Connections that one worker has room for; below 1 if its listeners alone use up the limit. */
export const roomPerWorker = (machine: Pick<Machine, 'openFiles' | 'ports'>): number =>
  roomForConnections(machine.openFiles, machine.ports);

/** Workers that are needed so that none gets more connections than it has room for; Infinity if there is no room. */
export function workersForRoom(connections: number, room: number): number {
  if (room < 1) return Number.POSITIVE_INFINITY;
  return connections <= room ? 1 : Math.ceil((connections * FULLEST_WORKER) / room);
}

/** Workers that are needed for the connections within the limit of open files; Infinity if no number is enough. */
export const workersForFiles = (connections: number, machine: Pick<Machine, 'openFiles' | 'ports'>): number =>
  workersForRoom(connections, roomPerWorker(machine));

/**
 * Computes what a load needs.
 *
 * @param costs of the server program
 * @param workers number of processes; by default one per core, or more if the limit of open files requires more
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

/** The reverse: how many connections fill the usable share of memory or cores, at the high end of the costs. */
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
  // The open files require more workers than cores, so each connection also costs its share of a worker.
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
