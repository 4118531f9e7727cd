// The counters of a worker: plain numbers on the hot paths, reported when the primary asks.
import { type CloseReason, closeReasons, cutReasons, refusals } from '../codes.js';
import { logLinesLost } from '../logger.js';
import { BucketHistogram } from '../metrics/bucket-histogram.js';
import { LoopDelay } from '../metrics/loop-delay.js';
import type {
  ReportedCounters,
  ReportedHistograms,
  ReportedReasons,
  Tally,
} from '../metrics/worker-report.js';
import { DeliveryTiming } from './delivery-timing.js';

const SECONDS_BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

const LOOP_DELAY_BOUNDS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** Besides round numbers, the idle timeouts of common load balancers, proxies and NAT gateways. */
const AGE_BOUNDS = [1, 5, 15, 30, 60, 120, 300, 350, 600, 900, 1800, 3600, 14_400, 86_400, 604_800];

/** All counters of a worker. The stages of the hot paths increment its fields. */
export class Counters {
  opened = 0;
  pingsSent = 0;
  messagesReceived = 0;
  messagesDelivered = 0;
  messagesUnrouted = 0;
  droppedBackpressure = 0;
  droppedTooBig = 0;
  droppedReserved = 0;
  brokerReconnects = 0;
  /** The time from a message's arrival to the sockets. */
  readonly delivery = new DeliveryTiming(() => performance.now());
  readonly #closed = zeros(Object.keys(closeReasons));
  readonly #rejected = zeros([
    ...Object.values(refusals).map(({ reason }) => reason),
    ...Object.keys(cutReasons),
  ]);
  readonly #age = new BucketHistogram(AGE_BOUNDS);
  readonly #pingLag = new BucketHistogram(SECONDS_BOUNDS);
  readonly #probe = new BucketHistogram(SECONDS_BOUNDS);
  readonly #loopDelay = new BucketHistogram(LOOP_DELAY_BOUNDS);
  /** The same delays, for prom-client's default metrics. */
  readonly loopDelay = new LoopDelay();

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
    this.loopDelay.observe(delayMs);
  }

  observeProbe(seconds: number): void {
    this.#probe.observe(seconds);
  }

  /** A summary in five numbers. */
  get tally(): Tally {
    return {
      opened: this.opened,
      closed: Object.values(this.#closed).reduce((sum, count) => sum + count, 0),
      messagesReceived: this.messagesReceived,
      messagesDelivered: this.messagesDelivered,
      pingsSent: this.pingsSent,
    };
  }

  report(): {
    counters: Omit<ReportedCounters, 'cpuSeconds'>;
    reasons: ReportedReasons;
    histograms: ReportedHistograms;
  } {
    return {
      counters: {
        opened: this.opened,
        pingsSent: this.pingsSent,
        messagesReceived: this.messagesReceived,
        messagesDelivered: this.messagesDelivered,
        messagesUnrouted: this.messagesUnrouted,
        brokerReconnects: this.brokerReconnects,
        logLinesLost: logLinesLost(),
      },
      reasons: {
        closed: { ...this.#closed },
        rejected: { ...this.#rejected },
        dropped: {
          backpressure: this.droppedBackpressure,
          too_big: this.droppedTooBig,
          reserved: this.droppedReserved,
        },
      },
      histograms: {
        age: this.#age.report(),
        pingLag: this.#pingLag.report(),
        probe: this.#probe.report(),
        loopDelay: this.#loopDelay.report(),
        ...this.delivery.report(),
      },
    };
  }
}

const zeros = (names: readonly string[]): Record<string, number> =>
  Object.fromEntries(names.map((name) => [name, 0]));
