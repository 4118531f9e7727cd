// Asks the workers for their reports, and waits for the answers only as long as a scrape can wait.
import type { Tally, WorkerReport } from '../metrics/worker-report.js';
import type { ClusterReport } from './cluster-report.js';
import type { WorkerHandle } from './worker-handle.js';

/** How long a worker may take to answer before it counts as missing. */
const ANSWER_TIMEOUT_MS = 1000;

interface Round {
  /** Processes that have not answered yet. */
  readonly waiting: Set<number>;
  readonly done: () => void;
}

/** Collects the reports of the workers into the cluster report. */
export class ReportCollector {
  readonly #report: ClusterReport;
  readonly #rounds = new Map<number, Round>();
  #requests = 0;

  constructor(report: ClusterReport) {
    this.#report = report;
  }

  /**
   * Asks the workers that have loaded their code. The others cannot answer yet, and are not waited for.
   *
   * @param withProcess see {@link WorkerReport.process}
   * @returns the number of workers that did not answer in time
   */
  async collect(workers: readonly WorkerHandle[], withProcess: boolean): Promise<number> {
    const asked = workers.filter(({ hasLoaded }) => hasLoaded);
    const waiting = new Set(asked.map(({ id }) => id));
    if (waiting.size === 0) return 0;
    const request = ++this.#requests;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ANSWER_TIMEOUT_MS);
      const done = () => {
        clearTimeout(timer);
        resolve();
      };
      this.#rounds.set(request, { waiting, done });
      for (const worker of asked) worker.send({ kind: 'collect', request, withProcess });
    });
    this.#rounds.delete(request);
    return waiting.size;
  }

  answered({ id, number }: WorkerHandle, request: number, report: WorkerReport): void {
    this.#report.take(id, number, report);
    this.#settle(request, id);
  }

  tallied({ id }: WorkerHandle, tally: Tally): void {
    this.#report.tallies.take(id, tally);
  }

  /** Takes the final report of a worker. */
  last({ id, number }: WorkerHandle, report: WorkerReport): void {
    this.#report.take(id, number, report);
  }

  /** Stops waiting for a worker that has ended. */
  ended({ id }: WorkerHandle): void {
    this.#report.retire(id);
    for (const request of this.#rounds.keys()) this.#settle(request, id);
  }

  #settle(request: number, id: number): void {
    const round = this.#rounds.get(request);
    if (round?.waiting.delete(id) && round.waiting.size === 0) round.done();
  }
}
