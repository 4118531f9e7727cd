// Finds workers that no longer answer. Such a worker keeps its clients, still gets new ones, and delivers nothing.
import type { WorkerHandle } from './worker-handle.js';

const LOOK_EVERY_MS = 1000;

/** Why a worker was killed: the values of the `reason` label. */
export const killReasons = ['silent', 'late_start', 'late_drain'] as const;
export type KillReason = (typeof killReasons)[number];

/** What a watch needs from the pool. */
export interface WorkerWatchParts {
  readonly workers: () => readonly WorkerHandle[];
  /** Seconds without any answer after which a worker is killed; 0 means never. */
  readonly silenceS: number;
  /** Seconds that a worker may take to come up. */
  readonly startS: number;
  readonly kill: (worker: WorkerHandle, reason: KillReason) => void;
}

/**
 * Looks at the workers once a second. It counts silence in looks, not by a clock: if the primary itself was stopped, or
 * the machine slept, no worker is blamed for it.
 */
export class WorkerWatch {
  readonly #parts: WorkerWatchParts;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: WorkerWatchParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#timer = setInterval(() => this.look(), LOOK_EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Looks at all workers once. */
  look(): void {
    const { workers, silenceS, startS, kill } = this.#parts;
    for (const worker of workers()) {
      worker.silentS++;
      if (worker.state === 'starting') {
        if (++worker.startingS > startS) kill(worker, 'late_start');
      } else if (silenceS > 0 && worker.silentS > silenceS) {
        kill(worker, 'silent');
      } else if (worker.silentS > 1) {
        // A worker that reports a probe every second need not be asked.
        worker.send({ kind: 'answer' });
      }
    }
  }
}
