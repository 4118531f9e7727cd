// Runs the load processes: splits the work, adds up what they report, and ends all of them.
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { LatencyHistogram } from './latency-histogram.js';
import { countUnder, haveTried, type LoadCounts, noCounts, sumCounts } from './load-counts.js';
import type { LoadTask } from './load-plan.js';
import type { LoadOrder, LoadReport } from './load-process.js';

/**
 * Memory before speed: measured over 15,000 connections, 2.8 KB of private memory for each instead of 4.1 KB. A load
 * process also collects its garbage once, when all its connections are open.
 */
const EXEC_ARGV = ['--optimize-for-size', '--max-semi-space-size=4', '--expose-gc'];
/** How long load processes have to stop before they are killed; they give the server 2 s to answer their close frames. */
const STOP_TIMEOUT_MS = 10_000;

/** Makes and holds the connections of several tasks, each in a process of its own. */
export class LoadGenerator {
  readonly latency = new LatencyHistogram();
  readonly pingGaps = new LatencyHistogram();
  /** Resolves when every process has ended, whether by `stop` or not. */
  readonly ended: Promise<void>;
  /** The processes started so far. */
  readonly #processes: ChildProcess[] = [];
  readonly #counts: LoadCounts[];
  #peakConnected = 0;
  #isStopping = false;
  #killTimer: NodeJS.Timeout | undefined;

  /** @param atOnce how many processes connect at one time; the next one starts when one of them has tried everything */
  constructor(tasks: readonly LoadTask[], atOnce: number) {
    this.#counts = tasks.map(noCounts);
    this.ended = this.#runAll(tasks, atOnce).then(() => clearTimeout(this.#killTimer));
  }

  /** The counts of all processes as last reported. */
  get counts(): LoadCounts {
    const sum = sumCounts(this.#counts);
    this.#peakConnected = Math.max(this.#peakConnected, sum.peakConnected);
    return { ...sum, peakConnected: this.#peakConnected };
  }

  /** Closes all connections and ends the processes; `ended` resolves then. */
  stop(): void {
    this.#isStopping = true;
    const order: LoadOrder = { stop: true };
    for (const process of this.#processes) if (process.connected) process.send(order, ignoreClosed);
    this.#killTimer = setTimeout(() => this.kill(), STOP_TIMEOUT_MS);
  }

  /** Ends the processes at once. */
  kill(): void {
    this.#isStopping = true;
    for (const process of this.#processes) process.kill('SIGKILL');
  }

  /** Resolves when every process has ended, and none is left to start. */
  async #runAll(tasks: readonly LoadTask[], atOnce: number): Promise<void> {
    const queue = tasks.entries();
    const ends: Promise<void>[] = [];
    const startInTurn = async (): Promise<void> => {
      for (const [i, task] of queue) {
        if (this.#isStopping) return;
        const { tried, ended } = this.#fork(task, i);
        ends.push(ended);
        await Promise.race([tried, ended]);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, startInTurn));
    await Promise.all(ends);
  }

  #fork(task: LoadTask, i: number): { tried: Promise<void>; ended: Promise<void> } {
    const program = fileURLToPath(new URL('load-process.js', import.meta.url));
    const child = fork(program, { execArgv: EXEC_ARGV, serialization: 'advanced' });
    this.#processes.push(child);
    const ended = new Promise<void>((resolve) => {
      child.once('exit', () => resolve()).once('error', () => resolve());
    });
    let onTried: () => void;
    const tried = new Promise<void>((resolve) => {
      onTried = resolve;
    });
    let hasFinished = false;
    child.on('message', (report: LoadReport) => {
      this.#counts[i] = report.counts;
      if (haveTried(report.counts, task.count)) onTried();
      if (!('latency' in report)) return;
      hasFinished = true;
      this.latency.merge(report.latency);
      this.pingGaps.merge(report.pingGaps);
    });
    child.on('error', (error) => countUnder(this.#counts[i]!.failures, error.message));
    child.once('exit', (code, signal) => {
      if (!hasFinished) countDeath(this.#counts[i]!, `load process ended: ${signal ?? `exit ${code}`}`);
    });
    const order: LoadOrder = { start: task };
    child.send(order, ignoreClosed);
    return { tried, ended };
  }
}

/** Connections of a process that ended without a final report are lost. */
function countDeath(counts: LoadCounts, reason: string): void {
  counts.lost += counts.connected;
  counts.closed += counts.connected;
  counts.connected = 0;
  counts.connecting = 0;
  countUnder(counts.failures, reason);
}

/** An order to a process that has just ended is not delivered; its end is handled by itself. */
function ignoreClosed(): void {}
