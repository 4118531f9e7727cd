// The primary: checks the host, starts the workers, owns the admin listener, and stops everything in order.
import type { Server } from 'node:http';
import { AdminGuard } from '../admin/guard.js';
import { openAdmin } from '../admin/listener.js';
import { StatusPage } from '../admin/status-page.js';
import { StatusStream } from '../admin/status-stream.js';
import type { Publisher } from '../broker/broker.js';
import { EmbeddedPublisher } from '../broker/embedded-broker.js';
import { newProbeIdentity } from '../broker/probe.js';
import { RedisPublisher } from '../broker/redis-publisher.js';
import { packageVersion } from '../command/command-line.js';
import { type PortRange, portCount } from '../command/option.js';
import { standardError } from '../command/standard-error.js';
import { checkAtStart } from '../doctor/start-check.js';
import { checkPorts } from '../host/port-check.js';
import { type Logger, standardErrorLogger } from '../logger.js';
import type { ServerOptions } from '../options/server-options.js';
import { certificateFiles } from '../tls/certificate.js';
import { CertificateRenewal } from '../tls/certificate-renewal.js';
import { ClusterReport } from './cluster-report.js';
import { Drain } from './drain.js';
import { History } from './history.js';
import { Lifecycle } from './lifecycle.js';
import { Overview, type ServerState } from './overview.js';
import { Readiness } from './readiness.js';
import type { WorkerHandle } from './worker-handle.js';
import { WorkerPool } from './worker-pool.js';

/**
 * Runs the server until it is stopped.
 *
 * @returns the exit code
 */
export async function runPrimary(options: ServerOptions): Promise<number> {
  process.title = '10m-server';
  const logger = standardErrorLogger(options.logLevel);
  try {
    const primary = new Primary(options, logger);
    // Registered before the start, so that Ctrl-C works while the workers start.
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.on(signal, () => primary.life.signal(signal));
    process.on('SIGHUP', () => primary.life.restart('SIGHUP'));
    await primary.life.run();
    return 0;
  } catch (error) {
    standardError.write(`10m-server: ${(error as Error).message}\n`, 3);
    return 1;
  }
}

class Primary {
  readonly #options: ServerOptions;
  readonly #logger: Logger;
  readonly #overview: Overview;
  readonly #pool: WorkerPool;
  readonly #publisher: Publisher;
  readonly #readiness: Readiness;
  readonly #drain: Drain;
  readonly life: Lifecycle;
  readonly #history: History;
  readonly #stream: StatusStream;
  /** `undefined` without TLS. */
  readonly #renewal: CertificateRenewal | undefined;
  #admin: Server | undefined;

  constructor(options: ServerOptions, logger: Logger) {
    const probes = newProbeIdentity();
    this.#options = options;
    this.#logger = logger;
    const report = new ClusterReport();
    this.#pool = new WorkerPool(options, probes, report, logger);
    this.#publisher =
      options.redis === undefined
        ? new EmbeddedPublisher(probes.channel, () => this.#receivers, logger)
        : new RedisPublisher(options.redis, options.redisPattern, probes.channel, logger);
    this.#readiness = new Readiness(this.#publisher, probes, this.#pool, options.workers, logger);
    this.#drain = new Drain(this.#pool, report, options.drainRate, logger);
    this.#history = new History({ tallies: report.tallies, workers: () => this.#pool.workers });
    this.#stream = new StatusStream(
      () => this.#overview.snapshot(),
      () => this.#history.report(),
      (error) => logger.warn('cannot take a snapshot for the status page', { error: error.message }),
    );
    const files = certificateFiles(options);
    this.#renewal = files && new CertificateRenewal(files, () => this.#pool.serving, logger);
    this.#overview = new Overview({
      report,
      collect: (withProcess) => this.#pool.collect(withProcess),
      state: () => this.#state(),
      certificate: this.#renewal,
    });
    this.life = new Lifecycle({
      steps: [
        ['check the host', () => checkAtStart(options, logger)],
        ['check the ports', () => checkPorts(options.host, options.ports)],
        ['check the TLS ports', () => checkPorts(options.host, options.tlsPorts)],
        ['open the admin listener', () => this.#openAdmin()],
        ['connect to the broker', () => this.#publisher.start()],
        // Before the workers start: the first worker needs probes while the last one is still starting.
        ['send probes', () => this.#readiness.start(() => this.#history.beat())],
        ['watch the certificate', () => this.#renewal?.start()],
        ['start the workers', () => this.#pool.raise(false)],
      ],
      serving: () => this.#logServing(),
      close: () => this.#close(),
      pool: this.#pool,
      drain: this.#drain,
      readiness: this.#readiness,
      logger,
      now: () => performance.now(),
    });
  }

  /** While a worker loads its code, it has no clients and reads no messages. */
  get #receivers(): readonly WorkerHandle[] {
    return this.#pool.workers.filter(({ hasLoaded }) => hasLoaded);
  }

  async #openAdmin(): Promise<void> {
    const { adminHost, adminPort } = this.#options;
    this.#admin = await openAdmin({
      host: adminHost,
      port: adminPort,
      guard: new AdminGuard(this.#options.adminToken ?? this.#options.adminTokenFile),
      maxMessageBytes: this.#options.maxMessage,
      publisher: this.#publisher,
      obstacle: () => this.#readiness.obstacle,
      metrics: () => this.#overview.metrics(),
      stats: () => this.#overview.stats(),
      drain: () => this.life.stop('POST /drain'),
      restart: () => this.life.restart('POST /restart'),
      page: new StatusPage(this.#stream, {
        ...publicListener(this.#options),
        webSocketAuth: this.#options.auth,
      }),
      logger: this.#logger,
    });
  }

  #logServing(): void {
    const { host, ports, tlsPorts, adminHost, adminPort, workers, redis } = this.#options;
    const { webSocketScheme, webSocketPort } = publicListener(this.#options);
    this.#logger.info('serving', {
      url: `${webSocketScheme}://${urlHost(host)}:${webSocketPort}/CHANNEL`,
      ports: span(ports),
      tlsPorts: span(tlsPorts),
      workers,
      broker: redis === undefined ? 'embedded' : 'redis',
      admin: `http://${urlHost(adminHost)}:${adminPort}`,
      version: packageVersion,
      pid: process.pid,
    });
  }

  #close(): void {
    this.#readiness.stop();
    this.#renewal?.stop();
    this.#publisher.stop();
    this.#stream.stop();
    void this.#pool.stop();
    this.#admin?.close();
    this.#admin?.closeAllConnections();
  }

  #state(): ServerState {
    return {
      workers: this.#pool.workers,
      workersWanted: this.#options.workers,
      restarts: this.#pool.restarts,
      kills: this.#pool.kills,
      obstacle: this.#readiness.obstacle,
      broker: {
        kind: this.#options.redis === undefined ? 'embedded' : 'redis',
        ...this.#publisher.state,
      },
      droppedBehind: this.#publisher.dropped,
      stopping: this.life.isStopping,
      drain: this.#drain.progress,
    };
  }
}

/** Scheme and port of the public listener: those of the plain ports, else those of the TLS ports. */
const publicListener = ({ ports, tlsPorts }: ServerOptions) =>
  portCount(ports) > 0
    ? { webSocketScheme: 'ws' as const, webSocketPort: ports.first }
    : { webSocketScheme: 'wss' as const, webSocketPort: tlsPorts.first };

/** `undefined` for an empty range; the log omits such fields. */
const span = (range: PortRange): string | undefined =>
  portCount(range) > 0 ? `${range.first}-${range.last}` : undefined;

/** An IPv6 address goes into brackets in a URL (RFC 3986 section 3.2.2). */
const urlHost = (host: string): string => (host.includes(':') ? `[${host}]` : host);
