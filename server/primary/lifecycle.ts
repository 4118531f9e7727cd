// The lifecycle of the server: it starts step by step, serves, restarts its workers and stops in order.
import type { Logger } from '../logger.js';
import type { Drain } from './drain.js';
import type { Readiness } from './readiness.js';
import type { WorkerPool } from './worker-pool.js';

/** `timeout` and service managers send a signal twice in a row. Within this time the two count as one. */
const SECOND_SIGNAL_MS = 1000;

/** One step of the start: its name in the debug log, and its action. */
export type StartStep = readonly [name: string, run: () => Promise<unknown> | unknown];

/** The parts of the server that a lifecycle controls. */
export interface LifecycleParts {
  readonly steps: readonly StartStep[];
  /** Called once all steps are done. */
  readonly serving: () => void;
  /** Closes everything that the steps have opened. */
  readonly close: () => void;
  readonly pool: Pick<WorkerPool, 'raise' | 'quiesce' | 'stop' | 'workers'>;
  readonly drain: Pick<Drain, 'run'>;
  readonly readiness: Pick<Readiness, 'drain'>;
  readonly logger: Logger;
  /** A monotonic clock in milliseconds. */
  readonly now: () => number;
}

/** Keeps the phases of the server apart: nothing that happens during a stop undoes the stop. */
export class Lifecycle {
  readonly #parts: LifecycleParts;
  #phase: 'starting' | 'serving' | 'restarting' | 'stopping' = 'starting';
  /** Resolves when the start is over, whether it succeeded or failed. */
  #started: Promise<unknown> = Promise.resolve();
  /** When the first stop signal arrived. */
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
   * Starts the server, and runs it until it is stopped.
   *
   * @throws {Error} the error of the step that failed, after closing everything that was opened
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

  /** The first signal drains; a later one stops at once. A drain requested over HTTP is not a signal. */
  signal(signal: string): void {
    const nowMs = this.#parts.now();
    const isSecond = this.#signalMs !== undefined && nowMs - this.#signalMs >= SECOND_SIGNAL_MS;
    this.#signalMs ??= nowMs;
    this.stop(signal);
    if (!isSecond) return;
    this.#parts.logger.warn('stopping at once', { cause: signal });
    void this.#parts.pool.stop();
  }

  /** Drains all workers, then ends. */
  stop(cause: string): void {
    if (this.isStopping) return;
    this.#phase = 'stopping';
    this.#parts.readiness.drain();
    void this.#stopInOrder(cause);
  }

  /**
   * Begins a rolling restart: a new generation of workers comes up, then the old generation is drained.
   *
   * @returns false, without doing anything, while the server is starting, restarting or stopping
   */
  restart(cause: string): boolean {
    if (this.#phase !== 'serving') return false;
    this.#phase = 'restarting';
    void this.#restart(cause);
    return true;
  }

  /** A stop may arrive during any step; the next step is then not begun. */
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
    logger.info('restarting: starting a new generation of workers', { cause });
    try {
      const old = await pool.raise(true);
      if (!this.isStopping) await drain.run(old, 'restarting', cause);
      if (!this.isStopping) logger.info('restarted');
    } catch (error) {
      if (this.isStopping) return;
      logger.error('restart given up; the old workers keep serving', { error: (error as Error).message });
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
