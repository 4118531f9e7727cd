// The measured costs of a connection, a ping and a message, each with its unit, source and date.

import type { Span } from '../command/quantity.js';

/** A measured cost, from the lowest to the highest result. */
export interface Cost extends Span {
  readonly unit: 'bytes' | 'µs of CPU';
  /** What the cost is for. */
  readonly of: string;
  readonly source: string;
  /** Day of the measurement. */
  readonly measured: string;
}

/** The costs of one server program. */
export interface Costs {
  /** True for a program that uses all cores from a single process. */
  readonly isOneProcess: boolean;
  readonly userOwnChannel: Cost;
  readonly userSharedChannel: Cost;
  readonly tls: Cost;
  readonly kernelSocket: Cost;
  readonly process: Cost;
  readonly ping: Cost;
  /** The low end is a burst to many connections; the high end is one message at a time. */
  readonly delivery: Cost;
  readonly brokerMessage: Cost;
}

const HERE = '2 cores, 24 GiB, Linux 6.18, loopback';
const PROTOTYPE_DAY = '2026-11-22';
const SERVER_DAY = '2026-11-24';

const kernelSocket: Cost = {
  low: 3800,
  high: 4900,
  unit: 'bytes',
  of: 'kernel memory of a socket',
  source: `${HERE}: a C program that only holds sockets`,
  measured: PROTOTYPE_DAY,
};

/** This server. */
export const tenmCosts: Costs = {
  isOneProcess: false,
  userOwnChannel: {
    low: 1000,
    high: 1050,
    unit: 'bytes',
    of: 'user memory of a connection with a channel of its own',
    source: `${HERE}: 10m-bench idle, 100,000 on 8 workers`,
    measured: SERVER_DAY,
  },
  userSharedChannel: {
    low: 770,
    high: 810,
    unit: 'bytes',
    of: 'user memory of a connection on a channel that many share',
    source: `${HERE}: 10m-bench idle --shared, 100,000 on 8 workers`,
    measured: SERVER_DAY,
  },
  tls: {
    low: 3100,
    high: 3100,
    unit: 'bytes',
    of: 'user memory that TLS adds to a connection',
    source: `${HERE}: 10m-bench idle --tls and without, 40,000 on 4 workers`,
    measured: SERVER_DAY,
  },
  kernelSocket,
  process: {
    low: 31_000_000,
    high: 68_000_000,
    unit: 'bytes',
    of: 'user memory of a process without connections',
    source: `${HERE}: smaps_rollup of a worker with uWebSockets.js, redis and prom-client: PSS of two workers, and RSS`,
    measured: PROTOTYPE_DAY,
  },
  ping: {
    low: 6.3,
    high: 11.7,
    unit: 'µs of CPU',
    of: 'a ping, at 9,000 a second',
    source: `${HERE}: 10m-bench ping, user and kernel; the kernel alone takes 4.8–9.0`,
    measured: SERVER_DAY,
  },
  delivery: {
    low: 0.32,
    high: 13.5,
    unit: 'µs of CPU',
    of: 'a message to one connection: 20 at once to 15,000, or one at a time',
    source: `${HERE}: 10m-bench fanout`,
    measured: SERVER_DAY,
  },
  brokerMessage: {
    low: 2.1,
    high: 2.1,
    unit: 'µs of CPU',
    of: 'a message from Redis, in each worker',
    source: `${HERE}: node-redis with Buffers`,
    measured: PROTOTYPE_DAY,
  },
};

/** The article's server, rebuilt from its listing in Go; the model is checked against it. */
export const articleCosts: Costs = {
  ...tenmCosts,
  isOneProcess: true,
  userOwnChannel: {
    low: 9000,
    high: 10_000,
    unit: 'bytes',
    of: 'user memory of a connection',
    source: `${HERE}: the article's Go server`,
    measured: PROTOTYPE_DAY,
  },
  userSharedChannel: {
    low: 9000,
    high: 10_000,
    unit: 'bytes',
    of: 'user memory of a connection',
    source: `${HERE}: the article's Go server`,
    measured: PROTOTYPE_DAY,
  },
  ping: {
    low: 32,
    high: 38,
    unit: 'µs of CPU',
    of: 'a ping, at 9,000 a second',
    source: `${HERE}: the article's Go server`,
    measured: PROTOTYPE_DAY,
  },
  delivery: {
    low: 17,
    high: 22,
    unit: 'µs of CPU',
    of: 'a message to one connection',
    source: `${HERE}: the article's Go server`,
    measured: PROTOTYPE_DAY,
  },
};

/** Messages per second that one worker can receive from Redis; node-redis with Buffers, same host and day. */
export const BROKER_MESSAGES_PER_WORKER = 350_000;

/** Messages per second that one Redis sends to all subscribers together; Centrifugo's figure. */
export const REDIS_OUTPUT_MESSAGES = 650_000;

/** Pings per second that the article found to be the limit of one 32-core machine, at 10% of its CPU. */
export const ARTICLE_PINGS_PER_SECOND = 30_000;

/**
 * Connections of the fullest worker, relative to the mean. The kernel spreads connections unevenly: of 80 workers with
 * 15,860 connections on average, the fullest had 18,255, which is a factor of 1.15. The rest is a margin.
 */
export const FULLEST_WORKER = 1.25;

/** The part of a machine's memory that connections may fill; the rest is for buffers in flight and the system. */
export const MEMORY_SHARE = 0.9;

/** The part of a machine's cores that steady load may take; the rest is for connect storms and bursts. */
export const CPU_SHARE = 0.7;

/** Threads of each process, counted in Node 20 to 24 with their defaults. */
export const THREADS_PER_PROCESS = 11;
