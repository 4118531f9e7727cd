// Closes the connections of many workers at one shared rate, and hints each client when to reconnect.

import type { DrainOrder } from '../ipc.js';
import type { Logger } from '../logger.js';
import type { ClusterReport } from './cluster-report.js';
import type { WorkerHandle } from './worker-handle.js';
import type { WorkerPool } from './worker-pool.js';

/** The progress of a drain. */
export interface DrainProgress {
  readonly reason: DrainOrder['reason'];
  readonly total: number;
  readonly remaining: number;
  readonly etaSeconds: number;
}

/** A drain that takes this much longer than its rate allows for is cut short: the remaining workers are killed. */
const PATIENCE_MS = 10_000;
const PROGRESS_MS = 1000;
/** Steps of {@link PROGRESS_MS} between two log lines about the progress. */
const LOG_EVERY = 5;

/**
 * Tells clients to reconnect at a random time within a window as long as the drain itself.
 *
 * Connections are closed at no more than the rate, and each client reconnects after a delay from the same window. So
 * clients reconnect at no more than that rate either, whatever the length of the window. A window as long as the drain
 * halves the peak of a drain that runs alone.
 *
 * @param connections that are still to be closed
 * @returns the close reason, `retry=MIN-MAX` in seconds
 */
export const retryHint = (connections: number, ratePerSecond: number): string =>
  `retry=1-${1 + Math.ceil(connections / ratePerSecond)}`;

/** Drains workers: closes their listeners, then their connections, and waits for the processes to exit. */
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

  /** `undefined` while no drain is running. */
  get progress(): DrainProgress | undefined {
    if (this.#workers.length === 0) return undefined;
    const remaining = this.#remaining;
    const etaSeconds = Math.ceil(remaining / this.#ratePerSecond);
    return { reason: this.#reason, total: this.#total, remaining, etaSeconds };
  }

  /**
   * Makes all the workers stop listening before the first connection is closed. Then closes their connections at the
   * shared rate, each worker in proportion to the connections that it holds. Then waits until the workers have exited.
   *
   * A drain that is already running is superseded when its workers are among these.
   */
  async run(workers: readonly WorkerHandle[], reason: DrainOrder['reason'], cause: string): Promise<void> {
    for (const worker of workers) worker.state = 'draining';
    const areShut = await Promise.all(workers.map((worker) => worker.shut()));
    const late = workers.filter((_, i) => !areShut[i]).map(({ number }) => number);
    if (late.length > 0)
      this.#logger.warn('some workers did not stop listening in time; draining anyway', {
        late: late.join(', '),
      });
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

  /** At least 1/s, so that a connection that arrived after the count is closed too. */
  #shareOf(worker: WorkerHandle): number {
    return Math.max(1, (this.#ratePerSecond * this.#connectionsOf(worker)) / Math.max(1, this.#total));
  }

  async #watch(workers: readonly WorkerHandle[], patienceMs: number): Promise<void> {
    const deadline = setTimeout(() => {
      this.#logger.warn('the drain took too long; killing the remaining workers');
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
