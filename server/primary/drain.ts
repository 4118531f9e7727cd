// Closing the connections of many workers at one rate, with a hint to each client when to come back.

import type { DrainOrder } from '../ipc.js';
import type { Logger } from '../logger.js';
import type { ClusterReport } from './cluster-report.js';
import type { WorkerHandle } from './worker-handle.js';
import type { WorkerPool } from './worker-pool.js';

/** How a drain is getting on. */
export interface DrainProgress {
  readonly reason: DrainOrder['reason'];
  readonly total: number;
  readonly remaining: number;
  readonly etaSeconds: number;
}

/** How much longer than its connections ask for a drain may take before what is left is ended. */
const PATIENCE_MS = 10_000;
const PROGRESS_MS = 1000;
/** Progress is logged this often, in steps of {@link PROGRESS_MS}. */
const LOG_EVERY = 5;

/**
 * When clients are to come back: a random time from a window as long as the drain itself.
 *
 * Connections are closed at no more than the rate, and each comes back after a delay from the same window; so they
 * come back at no more than that rate either, whatever the window's length. As long as the drain, it halves the peak of
 * a drain that is alone.
 *
 * @param connections still to be closed
 * @returns the close reason, `retry=MIN-MAX` in seconds
 */
export const retryHint = (connections: number, ratePerSecond: number): string =>
  `retry=1-${1 + Math.ceil(connections / ratePerSecond)}`;

/** The drain of some workers, from their listeners to their end. */
export class Drain {
  readonly #pool: WorkerPool;
  readonly #report: ClusterReport;
  readonly #ratePerSecond: number;
  readonly #logger: Logger;
  #workers: readonly WorkerHandle[] = [];
  #reason: DrainOrder['reason'] = 'stopping';
  #total = 0;

  constructor(pool: WorkerPool, report: ClusterReport, ratePerSecond: number, logger: Logger) {
    this.#pool = pool;
    this.#report = report;
    this.#ratePerSecond = ratePerSecond;
    this.#logger = logger;
  }

  /** `undefined` while nothing is drained. */
  get progress(): DrainProgress | undefined {
    if (this.#workers.length === 0) return undefined;
    const remaining = this.#remaining;
    const etaSeconds = Math.ceil(remaining / this.#ratePerSecond);
    return { reason: this.#reason, total: this.#total, remaining, etaSeconds };
  }

  /**
   * Makes workers stop listening, all of them before the first connection is closed; then closes their connections at
   * the rate that they share, each worker in proportion to what it holds; then waits for their end.
   *
   * A drain that is under way is overtaken when its workers are among these.
   */
  async run(workers: readonly WorkerHandle[], reason: DrainOrder['reason'], cause: string): Promise<void> {
    for (const worker of workers) worker.state = 'draining';
    const areShut = await Promise.all(workers.map((worker) => worker.shut()));
    const late = workers.filter((_, i) => !areShut[i]).map(({ number }) => number);
    if (late.length > 0) this.#logger.warn('draining without waiting for workers', { late: late.join(', ') });
    await this.#pool.collect(false);
    this.#workers = workers;
    this.#reason = reason;
    this.#total = this.#remaining;
    const seconds = Math.ceil(this.#total / this.#ratePerSecond);
    this.#logger.info('draining', {
      cause,
      connections: this.#total,
      ratePerSecond: this.#ratePerSecond,
      seconds,
    });
    const retry = retryHint(this.#total, this.#ratePerSecond);
    for (const worker of workers) {
      worker.send({ kind: 'drain', order: { reason, ratePerSecond: this.#shareOf(worker), retry } });
    }
    await this.#watch(workers, 1000 * seconds + PATIENCE_MS);
    if (this.#workers === workers) this.#workers = [];
  }

  get #remaining(): number {
    return this.#workers.reduce((sum, worker) => sum + this.#connectionsOf(worker), 0);
  }

  #connectionsOf(worker: WorkerHandle): number {
    return this.#report.ofWorker(worker.id)?.gauges.connections ?? 0;
  }

  /** At least 1/s: a connection that came after the count must not wait for ever. */
  #shareOf(worker: WorkerHandle): number {
    return Math.max(1, (this.#ratePerSecond * this.#connectionsOf(worker)) / Math.max(1, this.#total));
  }

  async #watch(workers: readonly WorkerHandle[], patienceMs: number): Promise<void> {
    const deadline = setTimeout(() => {
      this.#logger.warn('the drain took too long: ending what is left');
      for (const worker of workers) this.#pool.kill(worker, 'late_drain');
    }, patienceMs);
    let steps = 0;
    const progress = setInterval(async () => {
      await this.#pool.collect(false);
      if (this.#workers === workers && ++steps % LOG_EVERY === 0) {
        this.#logger.info('drain progress', {
          remaining: this.#remaining,
          etaSeconds: this.progress?.etaSeconds,
        });
      }
    }, PROGRESS_MS);
    await Promise.all(workers.map(({ exited }) => exited));
    clearTimeout(deadline);
    clearInterval(progress);
  }
}
