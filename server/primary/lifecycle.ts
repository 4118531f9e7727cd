// The server's life: it starts step by step, serves, restarts its workers, and stops in order.
import type { Logger } from '../logger.js';
import type { Drain } from './drain.js';
import type { Readiness } from './readiness.js';
import type { WorkerPool } from './worker-pool.js';

/** `timeout` and service managers send a signal twice at once: that is one wish. */
const SECOND_SIGNAL_MS = 1000;

/** One step of the start: what the debug log says of it, and what is done. */
export type StartStep = readonly [name: string, run: () => Promise<unknown> | unknown];

/** What a life is made of. */
export interface LifecycleParts {
  readonly steps: readonly StartStep[];
  /** All steps are done: the server serves. */
  readonly serving: () => void;
  /** Lets go of everything that the steps have opened. */
  readonly close: () => void;
  readonly pool: Pick<WorkerPool, 'raise' | 'quiesce' | 'stop' | 'workers'>;
  readonly drain: Pick<Drain, 'run'>;
  readonly readiness: Pick<Readiness, 'drain'>;
  readonly logger: Logger;
  /** A monotonic clock in milliseconds. */
  readonly now: () => number;
}

/** Keeps the phases of the server apart: whatever comes while it stops does not undo the stop. */
export class Lifecycle {
  readonly #parts: LifecycleParts;
  #phase: 'starting' | 'serving' | 'restarting' | 'stopping' = 'starting';
  /** Settles when the start is over, whatever came of it. */
  #started: Promise<unknown> = Promise.resolve();
  /** When the first signal to stop came. */
  #signalMs: number | undefined;
  #end: () => void = () => {};
  readonly #ended = new Promise<void>((resolve) => {
    this.#end = resolve;
  });

  constructor(parts: LifecycleParts) {
    this.#parts = parts;
  }

  get isStopping(): boolean {
    return this.#phase === 'stopping';
  }

  /**
   * Serves until it is told to stop.
   *
   * @throws {Error} what the step threw that failed; all that was opened is closed then
   */
  async run(): Promise<void> {
    const start = this.#start();
    this.#started = start.catch(() => {});
    try {
      await start;
    } catch (error) {
      if (!this.isStopping) {
        this.#parts.close();
        throw error;
      }
    }
    await this.#ended;
  }

  /** The first signal drains; a later one stops at once. A drain that was asked for by HTTP is no signal. */
  signal(signal: string): void {
    const nowMs = this.#parts.now();
    const isSecond = this.#signalMs !== undefined && nowMs - this.#signalMs >= SECOND_SIGNAL_MS;
    this.#signalMs ??= nowMs;
    this.stop(signal);
    if (!isSecond) return;
    this.#parts.logger.warn('stopping at once', { cause: signal });
    void this.#parts.pool.stop();
  }

  /** Drains, then ends. */
  stop(cause: string): void {
    if (this.isStopping) return;
    this.#phase = 'stopping';
    this.#parts.readiness.drain();
    void this.#stopInOrder(cause);
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

  /** A stop may come during each step: the next one is not begun then. */
  async #start(): Promise<void> {
    const { steps, serving, logger } = this.#parts;
    for (const [name, run] of steps) {
      logger.debug(`start: ${name}`);
      await run();
      if (this.isStopping) return;
    }
    this.#phase = 'serving';
    serving();
  }

  async #restart(cause: string): Promise<void> {
    const { pool, drain, logger } = this.#parts;
    logger.info('restarting: a new generation of workers comes up', { cause });
    try {
      const old = await pool.raise(true);
      if (!this.isStopping) await drain.run(old, 'restarting', cause);
      if (!this.isStopping) logger.info('restarted');
    } catch (error) {
      if (this.isStopping) return;
      logger.error('restart given up, the workers stay as they were', { error: (error as Error).message });
    }
    if (!this.isStopping) this.#phase = 'serving';
  }

  async #stopInOrder(cause: string): Promise<void> {
    const { pool, drain, close, logger } = this.#parts;
    await pool.quiesce();
    await this.#started;
    await drain.run(pool.workers, 'stopping', cause);
    close();
    logger.info('stopped');
    this.#end();
  }
}
