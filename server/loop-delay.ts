// How long the event loop keeps a timer waiting: a stalled loop neither delivers nor pings.
import { BucketHistogram } from './bucket-histogram.js';
import type { MetricsReport } from './ipc.js';

/** Time between samples: each wakes an idle process up. A shorter stall may go unseen. */
const SAMPLE_INTERVAL_MS = 200;
const SECONDS_BOUNDS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** Samples the delay of this process's loop for as long as the process lives. Reading it resets nothing. */
export class LoopDelay {
  readonly #seconds: BucketHistogram;
  #lastMs = performance.now();

  /** @param worker number of the worker */
  constructor(worker: number) {
    this.#seconds = new BucketHistogram(
      'worker_event_loop_delay_seconds',
      `How late the event loop of each worker served a timer that is due every ${SAMPLE_INTERVAL_MS} ms.`,
      SECONDS_BOUNDS,
      { worker: String(worker) },
    );
    setInterval(() => this.#sample(), SAMPLE_INTERVAL_MS).unref();
  }

  report(): MetricsReport[number] {
    return this.#seconds.report();
  }

  #sample(): void {
    const nowMs = performance.now();
    this.#seconds.observe(Math.max(0, nowMs - this.#lastMs - SAMPLE_INTERVAL_MS) / 1000);
    this.#lastMs = nowMs;
  }
}
