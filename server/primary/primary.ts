// The primary: checks the host, starts the workers, owns the admin listener, and ends it all in order.
import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import { openAdmin } from '../admin/admin.js';
import { AdminGuard } from '../admin/admin-guard.js';
import { StatusPage } from '../admin/status-page.js';
import { StatusStream } from '../admin/status-stream.js';
import { type Publisher, probeChannelOf } from '../broker/broker.js';
import { EmbeddedPublisher } from '../broker/embedded-broker.js';
import { RedisPublisher } from '../broker/redis-broker.js';
import { packageVersion } from '../command/command-line.js';
import { type PortRange, portCount } from '../command/option.js';
import { quickCheck } from '../doctor/doctor.js';
import { checkPorts } from '../host/port-check.js';
import { type Logger, standardErrorLogger } from '../logger.js';
import { readAdminToken } from '../options/admin-token.js';
import type { ServerOptions } from '../options/server-options.js';
import { certificateFiles } from '../tls/certificate.js';
import { CertificateRenewal } from '../tls/certificate-renewal.js';
import { ClusterReport } from './cluster-report.js';
import { Drain } from './drain.js';
import { ExpositionText } from './exposition-text.js';
import { Readiness } from './readiness.js';
import { type Snapshot, takeSnapshot } from './snapshot.js';
import { statsOf } from './stats.js';
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
  process.on('SIGHUP', () => primary.restart('SIGHUP'));
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
  readonly #report = new ClusterReport();
  readonly #exposition = new ExpositionText();
  readonly #pool: WorkerPool;
  readonly #publisher: Publisher;
  readonly #readiness: Readiness;
  readonly #drain: Drain;
  readonly #stream: StatusStream;
  /** Only with TLS. */
  readonly #renewal: CertificateRenewal | undefined;
  readonly #startedMs = performance.now();
  #admin: Server | undefined;
  /** What the server is doing as a whole. */
  #phase: 'starting' | 'serving' | 'restarting' | 'stopping' = 'starting';
  #end: () => void = () => {};
  readonly ended = new Promise<void>((resolve) => {
    this.#end = resolve;
  });

  constructor(options: ServerOptions, logger: Logger) {
    const probeChannel = probeChannelOf(randomUUID());
    this.#options = options;
    this.#logger = logger;
    this.#pool = new WorkerPool(options, probeChannel, this.#report, logger);
    this.#publisher =
      options.redis === undefined
        ? new EmbeddedPublisher(() => this.#pool.workers)
        : new RedisPublisher(options.redis, logger);
    this.#readiness = new Readiness(this.#publisher, probeChannel, options.workers, () => this.#pool.serving);
    this.#drain = new Drain(this.#pool, this.#report, options.drainRate, logger);
    this.#stream = new StatusStream(
      () => this.#snapshot(false),
      (error) => logger.warn('status page got no snapshot', { error: error.message }),
    );
    const files = certificateFiles(options);
    this.#renewal = files && new CertificateRenewal(files, () => this.#pool.renewCertificate(), logger);
  }

  /** @throws {Error} with one line for the operator when the server cannot serve */
  async start(): Promise<void> {
    const { host, ports, tlsPorts, adminHost, adminPort, workers } = this.#options;
    this.#warnOfHost();
    await checkPorts(host, ports);
    await checkPorts(host, tlsPorts);
    this.#admin = await openAdmin({
      host: adminHost,
      port: adminPort,
      guard: new AdminGuard(readAdminToken(this.#options)),
      maxMessageBytes: this.#options.maxMessage,
      publisher: this.#publisher,
      obstacle: () => this.#readiness.obstacle,
      metrics: () => this.#metrics(),
      stats: async () => statsOf(await this.#snapshot(false)),
      drain: () => this.#stop('POST /drain'),
      restart: () => this.restart('POST /restart'),
      page: new StatusPage(this.#stream, {
        ...publicListener(this.#options),
        webSocketAuth: this.#options.auth,
      }),
      logger: this.#logger,
    });
    this.#publisher.start();
    // Before the workers come up: the first one must not wait in silence for the last one.
    this.#readiness.start();
    this.#renewal?.start();
    try {
      await this.#pool.raise(false);
    } catch (error) {
      if (this.#isStopping) return;
      this.#close();
      throw error;
    }
    this.#phase = 'serving';
    const { webSocketScheme, webSocketPort } = publicListener(this.#options);
    this.#logger.info('serving', {
      url: `${webSocketScheme}://${urlHost(host)}:${webSocketPort}/CHANNEL`,
      ports: span(ports),
      tlsPorts: span(tlsPorts),
      workers,
      broker: this.#options.redis === undefined ? 'embedded' : 'redis',
      admin: `http://${urlHost(adminHost)}:${adminPort}`,
      version: packageVersion,
      pid: process.pid,
    });
  }

  /** What 10m-server doctor would find at a glance. */
  #warnOfHost(): void {
    for (const { check, found, needed, fix } of quickCheck(this.#options)) {
      this.#logger.warn('this host falls short; 10m-server doctor says more', { check, found, needed, fix });
    }
  }

  /** The first call drains, the second one stops at once. */
  stop(cause: string): void {
    if (!this.#isStopping) {
      this.#stop(cause);
      return;
    }
    this.#logger.warn('stopping at once', { cause });
    void this.#pool.stop();
  }

  /**
   * A rolling restart: a new generation of workers comes up, then the old one closes its connections.
   *
   * @returns false when this is no time for it: the server starts, stops or restarts already
   */
  restart(cause: string): boolean {
    if (this.#phase !== 'serving') return false;
    this.#phase = 'restarting';
    void this.#restart(cause);
    return true;
  }

  get #isStopping(): boolean {
    return this.#phase === 'stopping';
  }

  async #restart(cause: string): Promise<void> {
    const old = this.#pool.serving;
    this.#logger.info('restarting: a new generation of workers comes up', { cause });
    try {
      await this.#pool.raise(true);
      if (!this.#isStopping) await this.#drain.run(old, 'restarting', cause);
      if (!this.#isStopping) this.#logger.info('restarted');
    } catch (error) {
      if (this.#isStopping) return;
      this.#logger.error('restart given up, the workers stay as they were', {
        error: (error as Error).message,
      });
    }
    if (!this.#isStopping) this.#phase = 'serving';
  }

  #stop(cause: string): void {
    if (this.#isStopping) return;
    this.#phase = 'stopping';
    this.#readiness.drain();
    void this.#stopInOrder(cause);
  }

  async #stopInOrder(cause: string): Promise<void> {
    await this.#pool.quiesce();
    await this.#drain.run(this.#pool.workers, 'stopping', cause);
    this.#close();
    this.#logger.info('stopped');
    this.#end();
  }

  #close(): void {
    this.#readiness.stop();
    this.#renewal?.stop();
    this.#publisher.stop();
    this.#stream.stop();
    this.#admin?.close();
    this.#admin?.closeAllConnections();
  }

  async #metrics(): Promise<string> {
    return this.#exposition.write(await this.#snapshot(true), this.#report, this.#renewal);
  }

  /** @param forScrape see {@link WorkerReport.process} */
  async #snapshot(forScrape: boolean): Promise<Snapshot> {
    const workersMissing = await this.#pool.collect(forScrape);
    return takeSnapshot({
      report: this.#report,
      workers: this.#pool.workers,
      workersWanted: this.#options.workers,
      workersMissing,
      restarts: this.#pool.restarts,
      version: packageVersion,
      uptimeSeconds: Math.round((performance.now() - this.#startedMs) / 1000),
      obstacle: this.#readiness.obstacle,
      broker: {
        kind: this.#options.redis === undefined ? 'embedded' : 'redis',
        ...this.#publisher.state,
      },
      stopping: this.#isStopping,
      drain: this.#drain.progress,
    });
  }
}

/** Where the public side is reached: plain where there are plain ports. */
const publicListener = ({ ports, tlsPorts }: ServerOptions) =>
  portCount(ports) > 0
    ? { webSocketScheme: 'ws' as const, webSocketPort: ports.first }
    : { webSocketScheme: 'wss' as const, webSocketPort: tlsPorts.first };

/** For the log, which leaves out what is `undefined`. */
const span = (range: PortRange): string | undefined =>
  portCount(range) > 0 ? `${range.first}-${range.last}` : undefined;

/** An IPv6 address goes into brackets in a URL (RFC 3986 section 3.2.2). */
const urlHost = (host: string): string => (host.includes(':') ? `[${host}]` : host);
