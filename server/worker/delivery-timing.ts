// Measures how long messages take from their arrival in the worker to the sockets, and how many are sent together.

import { BucketHistogram } from '../metrics/bucket-histogram.js';
import type { ReportedHistograms } from '../metrics/worker-report.js';

const SECONDS_BOUNDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const BATCH_BOUNDS = [1, 2, 4, 8, 16, 32];

/** Observes the deliveries of a fan-out. Times are in milliseconds of {@link now}. */
export interface DeliveryObserver {
  now(): number;
  /** A small channel, served at once, got a message. uWS sends it at the end of this event-loop turn. */
  served(): void;
  /** The last slice of a big channel got a batch of messages. The oldest of them arrived at `arrivedMs`. */
  batchServed(arrivedMs: number, messages: number): void;
}

/** Measures each batch of a big channel. Of small channels, it measures the first message of each event-loop turn. */
export class DeliveryTiming implements DeliveryObserver {
  readonly now: () => number;
  readonly #seconds = new BucketHistogram(SECONDS_BOUNDS);
  readonly #batches = new BucketHistogram(BATCH_BOUNDS);
  #turnStartedMs = -1;

  /** @param now a monotonic clock in milliseconds, such as `performance.now` */
  constructor(now: () => number) {
    this.now = now;
  }

  served(): void {
    if (this.#turnStartedMs >= 0) return;
    this.#turnStartedMs = this.now();
    setImmediate(this.#turnEnded);
  }

  batchServed(arrivedMs: number, messages: number): void {
    this.#seconds.observe((this.now() - arrivedMs) / 1000);
    this.#batches.observe(messages);
  }

  report(): Pick<ReportedHistograms, 'handover' | 'batchMessages'> {
    return { handover: this.#seconds.report(), batchMessages: this.#batches.report() };
  }

  readonly #turnEnded = (): void => {
    this.#seconds.observe((this.now() - this.#turnStartedMs) / 1000);
    this.#turnStartedMs = -1;
  };
}
