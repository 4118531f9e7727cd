// What the primary adds to the metrics of its workers: the state of the whole server, its headroom, and its host.
import { Counter, Gauge, Registry } from 'prom-client';
import { readListenOverflows } from '../host/tcp-memory.js';
import type { MetricsReport } from '../ipc.js';
import { LoopDelay } from '../metrics/loop-delay.js';
import { collectProcessMetrics } from '../metrics/process-metrics.js';
import type { CertificateRenewal } from '../tls/certificate-renewal.js';
import type { DrainProgress } from './drain.js';
import { type Headroom, headroom, limits, type Usage } from './headroom.js';

/** The primary holds no client: a delay of less than this costs nobody anything. */
const LOOP_SAMPLE_MS = 1000;

/** Values of the primary that are read when the metrics are collected. */
export interface PrimaryValues {
  readonly version: string;
  workers(): number;
  workersWanted(): number;
  workerRestarts(): number;
  isReady(): boolean;
  isDraining(): boolean;
  /** Of a drain or a rolling restart that is under way. */
  drain(): DrainProgress | undefined;
  isPublisherConnected(): boolean;
  usage(): Usage;
  /** Only with TLS. */
  readonly certificate: CertificateRenewal | undefined;
}

/** The primary's own metrics. */
export class PrimaryMetrics {
  readonly #values: PrimaryValues;
  readonly #registry = new Registry();
  readonly #missing: Gauge;
  #usage!: Usage;
  #headroom!: Headroom;

  constructor(values: PrimaryValues) {
    this.#values = values;
    const loopDelay = new LoopDelay();
    loopDelay.watch(LOOP_SAMPLE_MS);
    collectProcessMetrics(this.#registry, loopDelay);
    this.#missing = this.#gauge('workers_missing', 'Workers that did not answer this scrape in time.');
    this.#describeServer(values);
    this.#describeHeadroom();
    this.#describeHost();
    if (values.certificate !== undefined) this.#describeCertificate(values.certificate);
  }

  /**
   * All of them, for the exposition.
   *
   * @param workersMissing workers that did not answer this scrape
   */
  async report(workersMissing: number): Promise<MetricsReport> {
    this.#usage = this.#values.usage();
    this.#headroom = headroom(this.#usage);
    this.#missing.set(workersMissing);
    return this.#registry.getMetricsAsJSON();
  }

  #describeServer(values: PrimaryValues): void {
    this.#gauge('build_info', 'Always 1; the label tells the version.', () => 1, { version: values.version });
    const startSeconds = performance.timeOrigin / 1000;
    this.#gauge(
      'start_time_seconds',
      'When the server was started, in seconds since 1970.',
      () => startSeconds,
    );
    this.#gauge('workers', 'Worker processes that are running.', () => values.workers());
    this.#gauge('workers_wanted', 'Worker processes that should be running.', () => values.workersWanted());
    this.#counter('worker_restarts_total', 'Workers that were started in the place of one that ended.', () =>
      values.workerRestarts(),
    );
    this.#gauge('ready', 'Whether /readyz says that the server can do its work: 1 or 0.', () =>
      Number(values.isReady()),
    );
    this.#gauge('draining', 'Whether the server is closing its connections to stop: 1 or 0.', () =>
      Number(values.isDraining()),
    );
    this.#gauge(
      'drain_remaining_connections',
      'Connections that a drain or a rolling restart still has to close.',
      () => values.drain()?.remaining ?? 0,
    );
    this.#gauge(
      'drain_eta_seconds',
      'Time until a drain or a rolling restart has closed its last connection.',
      () => values.drain()?.etaSeconds ?? 0,
    );
    this.#gauge(
      'broker_publisher_connected',
      'Whether the admin listener can hand messages to the broker: 1 or 0.',
      () => Number(values.isPublisherConnected()),
    );
  }

  #describeHeadroom(): void {
    this.#gauge(
      'connection_user_memory_bytes',
      'Memory of the workers beyond what they had at their start, for each connection; NaN below 1000 connections.',
      () => this.#headroom.memory.userBytes,
    );
    this.#gauge(
      'connection_kernel_memory_bytes',
      'Estimate for each connection: 3800 bytes of an idle socket as measured, plus the mean of the buffers of all TCP sockets of the host; NaN below 1000 connections.',
      () => this.#headroom.memory.kernelBytes,
    );
    this.#limits(
      'headroom_connections',
      'More connections that fit below each limit, at their present cost.',
      (limit) => this.#headroom.rooms[limit].connections,
    );
    this.#limits(
      'headroom_nearest',
      'The limit that will be met first: 1 for it, 0 for the others.',
      (limit) => Number(this.#headroom.nearest === limit),
    );
    this.#limits(
      'limit_used_ratio',
      'How much of each limit is used, from 0 to 1.',
      (limit) => this.#headroom.rooms[limit].usedRatio,
    );
  }

  #describeHost(): void {
    this.#gauge(
      'host_memory_bytes',
      'Memory of the host, or of its control group where that has a limit.',
      () => this.#usage.memoryBytes,
    );
    this.#gauge(
      'host_memory_available_bytes',
      'Part of it that can be had without swapping.',
      () => this.#usage.memoryAvailableBytes,
    );
    this.#gauge(
      'host_tcp_sockets',
      'TCP sockets of the host, of all programs.',
      () => this.#usage.tcpSockets,
    );
    this.#gauge(
      'host_tcp_memory_bytes',
      'Buffers of the TCP sockets of the host.',
      () => this.#usage.tcpBytes,
    );
    this.#gauge(
      'host_tcp_memory_limit_bytes',
      'Where the kernel refuses more buffers: the third number of tcp_mem.',
      () => this.#usage.tcpLimitBytes,
    );
    this.#counter(
      'host_listen_overflows_total',
      'Connections that the kernel dropped since an accept queue was full (TcpExt ListenOverflows), of all programs; 0 where it cannot be read.',
      readListenOverflows,
    );
  }

  #describeCertificate(certificate: CertificateRenewal): void {
    this.#gauge(
      'certificate_expiry_timestamp_seconds',
      'When the TLS certificate in use expires, in seconds since 1970.',
      () => certificate.expiresAtS,
    );
    new Counter({
      name: 'tenm_certificate_reloads_total',
      help: 'Times that the files of the TLS certificate changed, by whether what they held could be used.',
      labelNames: ['result'],
      registers: [this.#registry],
      collect() {
        this.reset();
        this.inc({ result: 'ok' }, certificate.succeeded);
        this.inc({ result: 'failed' }, certificate.failed);
      },
    });
  }

  #gauge(name: string, help: string, read?: () => number, labels: Record<string, string> = {}): Gauge {
    return new Gauge({
      name: `tenm_${name}`,
      help,
      labelNames: Object.keys(labels),
      registers: [this.#registry],
      ...(read === undefined
        ? {}
        : {
            collect(this: Gauge) {
              this.set(labels, read());
            },
          }),
    });
  }

  #limits(name: string, help: string, read: (limit: (typeof limits)[number]) => number): void {
    new Gauge({
      name: `tenm_${name}`,
      help,
      labelNames: ['limit'],
      registers: [this.#registry],
      collect() {
        for (const limit of limits) this.set({ limit }, read(limit));
      },
    });
  }

  #counter(name: string, help: string, read: () => number): void {
    new Counter({
      name: `tenm_${name}`,
      help,
      registers: [this.#registry],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  }
}
