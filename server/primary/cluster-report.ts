// The reports of all workers as one: sums that do not fall when a worker ends or does not answer.
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

/** The last report of each worker process, and the sums of those that have ended. */
export class ClusterReport {
  readonly #last = new Map<number, { readonly number: number; readonly report: WorkerReport }>();
  /** By the number of the worker. */
  readonly #ended = new Map<number, ReportSums>();
  #endedProcesses: ProcessReport = [];
  readonly tallies = new Tallies();

  /**
   * Takes a worker's report.
   *
   * @param id of the worker process, not used again for another one
   * @param number of the worker: a replacement goes on counting where the one that ended stopped
   */
  take(id: number, number: number, report: WorkerReport): void {
    const process = report.process ?? this.#last.get(id)?.report.process;
    this.#last.set(id, { number, report: { ...report, process } });
    this.tallies.take(id, tallyOf(report));
  }

  /** A worker has ended: its counts stay in the sums, its gauges do not. */
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

  /** The last report of a worker process; `undefined` before its first. */
  ofWorker(id: number): WorkerReport | undefined {
    return this.#last.get(id)?.report;
  }

  /** The sums of all workers, those that have ended among them. */
  get total(): ReportSums {
    let total = EMPTY_SUMS;
    for (const sums of this.byNumber.values()) total = addReport(total, sums);
    return total;
  }

  /** The same apart for each number of a worker. While a restart rolls, two workers have the same one. */
  get byNumber(): ReadonlyMap<number, ReportSums> {
    const sums = new Map(this.#ended);
    for (const { number, report } of this.#last.values()) {
      sums.set(number, addReport(sums.get(number) ?? EMPTY_SUMS, report));
    }
    return sums;
  }

  /** prom-client's default metrics of all worker processes, those that have ended among them. */
  get processes(): readonly ProcessReport[] {
    return [...[...this.#last.values()].map(({ report }) => report.process ?? []), this.#endedProcesses];
  }
}

/** Metrics that only ever grow. */
const isCumulative = ({ type }: ProcessReport[number]): boolean =>
  ['counter', 'histogram'].includes(String(type));
