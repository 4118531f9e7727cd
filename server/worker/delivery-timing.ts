// How long messages take from their arrival in the worker to the sockets, and how many travel together.

import type { MetricsReport } from '../ipc.js';
import { BucketHistogram } from '../metrics/bucket-histogram.js';

const SECONDS_BOUNDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const BATCH_BOUNDS = [1, 2, 4, 8, 16, 32];

/** What a fan-out tells about its deliveries. Times are in milliseconds of {@link now}. */
export interface DeliveryObserver {
  now(): number;
  /** A channel small enough to be served at once got a message; uWS sends it at the end of this turn of the loop. */
  served(): void;
  /** The last slice of a big channel got a batch of messages, the oldest of which arrived at `arrivedMs`. */
  batchServed(arrivedMs: number, messages: number): void;
}

/** Measures each batch of a big channel, and of small channels the first message of each turn of the loop. */
export class DeliveryTiming implements DeliveryObserver {
  readonly now: () => number;
  readonly #seconds = new BucketHistogram(
    'delivery_handover_seconds',
    'From the arrival of a message in a worker to the hand-over to the last socket of its channel there.',
    SECONDS_BOUNDS,
  );
  readonly #batches = new BucketHistogram(
    'delivery_batch_messages',
    'Messages that the members of a channel over several slices were given at once.',
    BATCH_BOUNDS,
  );
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

  report(): MetricsReport {
    return [this.#seconds.report(), this.#batches.report()];
  }

  readonly #turnEnded = (): void => {
    this.#seconds.observe((this.now() - this.#turnStartedMs) / 1000);
    this.#turnStartedMs = -1;
  };
}
