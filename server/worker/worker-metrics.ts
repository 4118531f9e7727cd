// What a worker counts. Plain numbers on the hot paths; prom-client reads them when it is asked.
import { Counter, Gauge, Registry } from 'prom-client';
import { type CloseReason, closeReasons, refusals } from '../codes.js';
import { maxFds, openFds } from '../host/fd-limit.js';
import type { MetricsReport } from '../ipc.js';
import { BucketHistogram } from '../metrics/bucket-histogram.js';
import { LoopDelay } from '../metrics/loop-delay.js';
import { collectProcessMetrics } from '../metrics/process-metrics.js';
import { DeliveryTiming } from './delivery-timing.js';
import { describeWorker } from './per-worker-metrics.js';

const SECONDS_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

const LOOP_DELAY_BUCKETS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** Besides round numbers, the idle timeouts of common load balancers, proxies and NAT gateways. */
const AGE_BUCKETS = [1, 5, 15, 30, 60, 120, 300, 350, 600, 900, 1800, 3600, 14_400, 86_400, 604_800];

/** Values that are read when the metrics are collected. */
export interface WorkerGauges {
  connections(): number;
  /** Connections that left written bytes unread at their last ping. */
  stalled(): number;
  channels(): number;
  connectionsLimit(): number;
  isBrokerConnected(): boolean;
}

/** The counters of a worker, and their exposition. */
export class WorkerMetrics {
  opened = 0;
  pingsSent = 0;
  messagesReceived = 0;
  messagesDelivered = 0;
  messagesUnrouted = 0;
  droppedBackpressure = 0;
  droppedTooBig = 0;
  droppedReserved = 0;
  brokerReconnects = 0;
  readonly #closed = zeros(Object.keys(closeReasons));
  readonly #rejected = zeros(Object.values(refusals).map(({ reason }) => reason));
  readonly #own = new Registry();
  readonly #process = new Registry();
  readonly delivery = new DeliveryTiming(() => performance.now());
  readonly #age = new BucketHistogram(
    'connection_age_seconds',
    'How long connections had been open when they ended.',
    AGE_BUCKETS,
  );
  readonly #loopDelay: BucketHistogram;
  readonly #loopDelayOfProcess = new LoopDelay();
  readonly #pingLag = new BucketHistogram(
    'ping_lag_seconds',
    'How late a slot of the ping wheel was served.',
    SECONDS_BUCKETS,
  );
  readonly #probe = new BucketHistogram(
    'delivery_probe_seconds',
    'From the publication of a probe to its arrival.',
    SECONDS_BUCKETS,
  );

  /** @param number of the worker */
  constructor(gauges: WorkerGauges, number: number) {
    this.#gauge('connections', 'Open connections.', () => gauges.connections());
    this.#counter('connections_opened_total', 'Connections that were opened.', () => this.opened);
    this.#counters('connections_closed_total', 'Connections that ended, by reason.', () => this.#closed);
    this.#counters(
      'connections_rejected_total',
      'Handshakes that were refused, by reason.',
      () => this.#rejected,
    );
    this.#gauge('connections_limit', 'Most connections that the workers take.', () =>
      gauges.connectionsLimit(),
    );
    this.#gauge('connections_stalled', 'Connections that left what was sent unread at their last ping.', () =>
      gauges.stalled(),
    );
    this.#gauge('channels', 'Channels with a connection, counted in each worker.', () => gauges.channels());
    this.#counter('messages_received_total', 'Messages from the broker.', () => this.messagesReceived);
    this.#counter(
      'messages_delivered_total',
      'Messages to connections, one for each.',
      () => this.messagesDelivered,
    );
    this.#counter(
      'messages_unrouted_total',
      'Messages to a channel without a connection.',
      () => this.messagesUnrouted,
    );
    this.#counters('messages_dropped_total', 'Messages that were not delivered, by reason.', () => ({
      backpressure: this.droppedBackpressure,
      too_big: this.droppedTooBig,
      reserved: this.droppedReserved,
    }));
    this.#counter('pings_sent_total', 'Pings to connections.', () => this.pingsSent);
    this.#gauge('broker_connected', 'Workers that hear the broker.', () =>
      gauges.isBrokerConnected() ? 1 : 0,
    );
    this.#counter(
      'broker_reconnects_total',
      'Times that a lost broker came back.',
      () => this.brokerReconnects,
    );
    this.#gauge('open_fds', 'Open file descriptors.', openFds);
    this.#gauge('max_fds', 'File descriptors that the workers may open.', maxFds);
    describeWorker(this.#own, number, {
      connections: gauges.connections,
      isBrokerConnected: gauges.isBrokerConnected,
      messagesDelivered: () => this.messagesDelivered,
      pingsSent: () => this.pingsSent,
    });
    this.#loopDelay = new BucketHistogram(
      'worker_event_loop_delay_seconds',
      "How late the event loop of each worker served the timer of the ping wheel's ticks.",
      LOOP_DELAY_BUCKETS,
      { worker: String(number) },
    );
    collectProcessMetrics(this.#process, this.#loopDelayOfProcess);
  }

  countClosed(reason: CloseReason, ageSeconds: number): void {
    this.#closed[reason]!++;
    this.#age.observe(ageSeconds);
  }

  countRejected(reason: string): void {
    this.#rejected[reason]!++;
  }

  observePingLag(lagMs: number): void {
    this.#pingLag.observe(lagMs / 1000);
  }

  observeLoopDelay(delayMs: number): void {
    this.#loopDelay.observe(delayMs / 1000);
    this.#loopDelayOfProcess.observe(delayMs);
  }

  observeProbe(seconds: number): void {
    this.#probe.observe(seconds);
  }

  /**
   * All metrics, for the primary to aggregate.
   *
   * @param withProcess also those of the process; collecting them resets the event loop's delay, so that is for scrapes
   */
  async report(withProcess: boolean): Promise<MetricsReport> {
    const own = [
      ...(await this.#own.getMetricsAsJSON()),
      ...this.delivery.report(),
      this.#age.report(),
      this.#loopDelay.report(),
      this.#pingLag.report(),
      this.#probe.report(),
    ];
    return withProcess ? [...own, ...(await this.#process.getMetricsAsJSON())] : own;
  }

  #gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name: `tenm_${name}`,
      help,
      registers: [this.#own],
      collect() {
        this.set(read());
      },
    });
  }

  #counter(name: string, help: string, read: () => number): void {
    new Counter({
      name: `tenm_${name}`,
      help,
      registers: [this.#own],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  }

  #counters(name: string, help: string, read: () => Readonly<Record<string, number>>): void {
    new Counter({
      name: `tenm_${name}`,
      help,
      labelNames: ['reason'],
      registers: [this.#own],
      collect() {
        this.reset();
        for (const [reason, count] of Object.entries(read())) this.inc({ reason }, count);
      },
    });
  }
}

const zeros = (names: readonly string[]): Record<string, number> =>
  Object.fromEntries(names.map((name) => [name, 0]));
