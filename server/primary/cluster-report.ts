// Combines the reports of all workers. The counts of a worker stay in the sums when it ends or does not answer.
import { AggregatorRegistry } from 'prom-client';
import {
  addReport,
  EMPTY_SUMS,
  type ProcessReport,
  type ReportSums,
  tallyOf,
  type WorkerReport,
} from '../metrics/worker-report.js';
import { Tallies } from './tallies.js';

/** The last report of each worker process, and the sums of the processes that have ended. */
export class ClusterReport {
  readonly #last = new Map<number, { readonly number: number; readonly report: WorkerReport }>();
  /** By worker number. */
  readonly #ended = new Map<number, ReportSums>();
  #endedProcesses: ProcessReport = [];
  readonly tallies = new Tallies();

  /**
   * Stores the latest report of a worker.
   *
   * @param id of the worker process; ids are never reused
   * @param number of the worker; a replacement has the same number, so that its counts continue
   */
  take(id: number, number: number, report: WorkerReport): void {
    const process = report.process ?? this.#last.get(id)?.report.process;
    this.#last.set(id, { number, report: { ...report, process } });
    this.tallies.take(id, tallyOf(report));
  }

  /** Keeps the counts of a worker that has ended in the sums, and drops its gauges. */
  retire(id: number): void {
    this.tallies.retire(id);
    const last = this.#last.get(id);
    if (last === undefined) return;
    this.#last.delete(id);
    const { number, report } = last;
    const counted = { ...report, gauges: EMPTY_SUMS.gauges };
    this.#ended.set(number, addReport(this.#ended.get(number) ?? EMPTY_SUMS, counted));
    const counts = (report.process ?? []).filter(isCumulative);
    this.#endedProcesses = AggregatorRegistry.aggregate([
      this.#endedProcesses,
      counts,
    ]).getMetricsAsArray() as ProcessReport;
  }

  /** The last report of a worker process; `undefined` before the first one. */
  ofWorker(id: number): WorkerReport | undefined {
    return this.#last.get(id)?.report;
  }

  /** The sums over all workers, including those that have ended. */
  get total(): ReportSums {
    let total = EMPTY_SUMS;
    for (const sums of this.byNumber.values()) total = addReport(total, sums);
    return total;
  }

  /** The sums of each worker number. During a rolling restart, two workers share a number. */
  get byNumber(): ReadonlyMap<number, ReportSums> {
    const sums = new Map(this.#ended);
    for (const { number, report } of this.#last.values()) {
      sums.set(number, addReport(sums.get(number) ?? EMPTY_SUMS, report));
    }
    return sums;
  }

  /** prom-client's default metrics of all worker processes, including those that have ended. */
  get processes(): readonly ProcessReport[] {
    return [...[...this.#last.values()].map(({ report }) => report.process ?? []), this.#endedProcesses];
  }
}

/** Whether the values of a metric only grow. */
const isCumulative = ({ type }: ProcessReport[number]): boolean =>
  ['counter', 'histogram'].includes(String(type));
