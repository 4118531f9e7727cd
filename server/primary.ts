// The primary: checks the host, starts the workers, owns the admin listener, and ends it all in order.
import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import { openAdmin } from './admin.js';
import { type Publisher, probeChannelOf } from './broker.js';
import { ClusterMetrics } from './cluster-metrics.js';
import { packageVersion } from './command-line.js';
import { EmbeddedPublisher } from './embedded-broker.js';
import { type Logger, standardErrorLogger } from './logger.js';
import type { ServerOptions } from './options.js';
import { checkPorts } from './port-check.js';
import { PrimaryMetrics } from './primary-metrics.js';
import { Readiness } from './readiness.js';
import { RedisPublisher } from './redis-broker.js';
import { StatusPage } from './status-page.js';
import { type Snapshot, statusSnapshot } from './status-snapshot.js';
import { StatusStream } from './status-stream.js';
import { readUsage } from './usage.js';
import { WorkerPool } from './worker-pool.js';

/**
 * Runs the server until it is told to stop.
 *
 * @returns the exit code
 */
export async function runPrimary(options: ServerOptions): Promise<number> {
  process.title = '10m-server';
  const logger = standardErrorLogger(options.logLevel);
  const primary = new Primary(options, logger);
  // From the first moment on, so that Ctrl-C works while the workers start.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => primary.stop(signal));
  try {
    await primary.start();
  } catch (error) {
    process.stderr.write(`10m-server: ${(error as Error).message}\n`);
    return 1;
  }
  await primary.ended;
  return 0;
}

class Primary {
  readonly #options: ServerOptions;
  readonly #logger: Logger;
  readonly #metrics = new ClusterMetrics();
  readonly #own: PrimaryMetrics;
  readonly #pool: WorkerPool;
  readonly #publisher: Publisher;
  readonly #readiness: Readiness;
  readonly #stream: StatusStream;
  /** What the drain that is under way began with. */
  #draining: { readonly connections: number; readonly ratePerSecond: number } | undefined;
  readonly #startedMs = performance.now();
  #admin: Server | undefined;
  #isStopping = false;
  #end: () => void = () => {};
  readonly ended = new Promise<void>((resolve) => {
    this.#end = resolve;
  });

  constructor(options: ServerOptions, logger: Logger) {
    const probeChannel = probeChannelOf(randomUUID());
    this.#options = options;
    this.#logger = logger;
    this.#pool = new WorkerPool(options, probeChannel, this.#metrics, logger);
    this.#publisher =
      options.redis === undefined
        ? new EmbeddedPublisher(() => this.#pool.workers)
        : new RedisPublisher(options.redis, logger);
    this.#readiness = new Readiness(this.#publisher, probeChannel, options.workers, () => this.#pool.workers);
    this.#stream = new StatusStream(
      () => this.#snapshot(),
      ({ message }) => logger.warn('status page cannot be served', { message }),
    );
    this.#own = new PrimaryMetrics({
      version: packageVersion,
      workers: () => this.#pool.workers.length,
      workersWanted: () => options.workers,
      workerRestarts: () => this.#pool.restarts,
      isReady: () => this.#readiness.obstacle === undefined,
      isDraining: () => this.#isStopping,
      isPublisherConnected: () => this.#publisher.state.isConnected,
      usage: () => readUsage(this.#metrics),
    });
  }

  /** @throws {Error} with one line for the operator when the server cannot serve */
  async start(): Promise<void> {
    const { host, ports, adminHost, adminPort, workers } = this.#options;
    await checkPorts(host, ports);
    this.#admin = await openAdmin({
      host: adminHost,
      port: adminPort,
      token: this.#options.adminToken,
      maxMessageBytes: this.#options.maxMessage,
      publisher: this.#publisher,
      obstacle: () => this.#readiness.obstacle,
      metrics: () => this.#exposition(),
      stats: () => this.#stats(),
      drain: () => void this.#drain('POST /drain'),
      page: new StatusPage(this.#stream, { webSocketPort: ports.first }),
      logger: this.#logger,
    });
    this.#publisher.start();
    try {
      await this.#pool.start();
    } catch (error) {
      this.#close();
      throw error;
    }
    if (this.#isStopping) return;
    this.#readiness.start();
    this.#logger.info('serving', {
      url: `ws://${urlHost(host)}:${ports.first}/CHANNEL`,
      ports: `${ports.first}-${ports.last}`,
      workers,
      broker: this.#options.redis === undefined ? 'embedded' : 'redis',
      admin: `http://${urlHost(adminHost)}:${adminPort}`,
      version: packageVersion,
      pid: process.pid,
    });
  }

  /** The first call drains, the second one stops at once. */
  stop(cause: string): void {
    if (!this.#isStopping) {
      void this.#drain(cause);
      return;
    }
    this.#logger.warn('stopping at once', { cause });
    void this.#pool.stop();
  }

  async #drain(cause: string): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#readiness.drain();
    await this.#pool.collect(false);
    const connections = this.#metrics.total('tenm_connections');
    const { drainRate } = this.#options;
    const seconds = Math.ceil(connections / drainRate);
    this.#draining = { connections, ratePerSecond: drainRate };
    this.#logger.info('draining', { cause, connections, drainRate, seconds });
    await this.#pool.drain({
      reason: 'stopping',
      ratePerSecond: drainRate,
      retry: `retry=1-${1 + seconds}`,
    });
    this.#close();
    this.#logger.info('stopped');
    this.#end();
  }

  #close(): void {
    this.#readiness.stop();
    this.#publisher.stop();
    this.#stream.stop();
    this.#admin?.close();
    this.#admin?.closeAllConnections();
  }

  async #exposition(): Promise<string> {
    const workersMissing = await this.#pool.collect(true);
    return this.#metrics.exposition(await this.#own.report(workersMissing));
  }

  async #snapshot(): Promise<Snapshot> {
    const workersMissing = await this.#pool.collect(false);
    return statusSnapshot({
      metrics: this.#metrics,
      workers: this.#pool.workers,
      workersWanted: this.#options.workers,
      workersMissing,
      restarts: this.#pool.restarts,
      usage: readUsage(this.#metrics),
      version: packageVersion,
      uptimeSeconds: Math.round((performance.now() - this.#startedMs) / 1000),
      obstacle: this.#readiness.obstacle,
      broker: {
        kind: this.#options.redis === undefined ? 'embedded' : 'redis',
        ...this.#publisher.state,
      },
      drain: this.#draining,
    });
  }

  async #stats(): Promise<unknown> {
    await this.#pool.collect(false);
    const total = (name: string) => this.#metrics.total(`tenm_${name}`);
    const { isConnected, reason } = this.#publisher.state;
    return {
      version: packageVersion,
      uptimeSeconds: Math.round((performance.now() - this.#startedMs) / 1000),
      ready: this.#readiness.obstacle === undefined,
      reason: this.#readiness.obstacle ?? null,
      connections: total('connections'),
      channels: total('channels'),
      workers: this.#pool.workers.map((worker) => ({
        number: worker.number,
        pid: worker.pid,
        state: worker.state,
        connections: this.#metrics.ofWorker(worker.id, 'tenm_connections'),
        limit: this.#metrics.ofWorker(worker.id, 'tenm_connections_limit'),
        broker: worker.broker.isConnected ? 'connected' : worker.broker.reason,
      })),
      broker: {
        kind: this.#options.redis === undefined ? 'embedded' : 'redis',
        connected: isConnected,
        reason: isConnected ? null : reason,
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
}

/** An IPv6 address goes into brackets in a URL (RFC 3986 section 3.2.2). */
const urlHost = (host: string): string => (host.includes(':') ? `[${host}]` : host);
