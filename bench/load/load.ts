// The load processes of a run, and how the parent asks them.
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { LatencyHistogram } from '../../client/load/latency-histogram.js';
import { type LoadCounts, sumCounts } from '../../client/load/load-counts.js';
import type { LoadTask } from '../../client/load/load-plan.js';
import { settledPssBytes } from '../proc/process-memory.js';
import type { ChurnRecord, ChurnTask } from './churner.js';
import type { DriverOrder, DriverReply, DriverRequest } from './driver-process.js';

/** A large young generation would hide what a connection costs. */
const EXEC_ARGV = ['--max-semi-space-size=1'];

/** How long a process has to close its connections at its end. */
const CUT_TIMEOUT_MS = 10_000;

/** Every process that runs: none is left behind, however this one ends. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** What all processes have measured since the last `take`. */
export interface LoadReading {
  readonly counts: LoadCounts;
  readonly latency: LatencyHistogram;
  readonly pingLag: LatencyHistogram;
}

/** The messages that have arrived so far. */
export interface Deliveries {
  readonly messages: number;
  /** When the latest arrived, ms since 1970; 0 for none. */
  readonly lastAtMs: number;
}

class Driver {
  readonly child: ChildProcess;
  readonly #waiting = new Map<number, { resolve(reply: DriverReply): void; reject(error: Error): void }>();
  #nextId = 0;
  #end: Error | undefined;

  constructor() {
    const program = fileURLToPath(new URL('driver-process.js', import.meta.url));
    this.child = fork(program, { execArgv: EXEC_ARGV, serialization: 'advanced' });
    running.add(this.child);
    this.child.on('message', (reply: DriverReply) => {
      this.#waiting.get(reply.id)?.resolve(reply);
      this.#waiting.delete(reply.id);
    });
    const end = (how: string) => {
      running.delete(this.child);
      this.#end = new Error(`a load process has ended: ${how}`);
      for (const { reject } of this.#waiting.values()) reject(this.#end);
      this.#waiting.clear();
    };
    this.child.once('error', (error) => end(error.message));
    this.child.once('exit', (code, signal) => end(signal ?? `exit code ${code}`));
  }

  ask(order: DriverOrder): Promise<DriverReply> {
    if (this.#end !== undefined) return Promise.reject(this.#end);
    const id = this.#nextId++;
    const request: DriverRequest = { id, order };
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.child.send(request, (error) => {
        if (error !== null) reject(error);
      });
    });
  }

  /**
   * Ends the process. Its connections are closed first: a kill would leave each in TIME_WAIT on this side, where it
   * takes a source port from the next run for a minute.
   */
  async stop(): Promise<void> {
    if (this.#end !== undefined) return;
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    const deadline = setTimeout(() => this.child.kill('SIGKILL'), CUT_TIMEOUT_MS);
    await this.ask({ kind: 'cut' }).catch(() => {});
    clearTimeout(deadline);
    this.child.kill('SIGKILL');
    await ended;
  }
}

/** A number of load processes. */
export class Load {
  readonly #drivers: readonly Driver[];

  constructor(processes: number) {
    this.#drivers = Array.from({ length: processes }, () => new Driver());
  }

  get processes(): number {
    return this.#drivers.length;
  }

  get pids(): number[] {
    return this.#drivers.map(({ child }) => child.pid ?? 0);
  }

  /** PSS of all its processes, bytes, once it no longer changes. */
  async settledBytes(signal: AbortSignal): Promise<number> {
    await this.ready();
    return settledPssBytes(() => this.pids, true, signal);
  }

  /**
   * Makes connections, one task for each process; resolves once every connection has been open or has failed.
   *
   * @param atOnce how many processes connect at one time
   */
  async connect(tasks: readonly LoadTask[], pingIntervalMs: number, atOnce: number): Promise<void> {
    const queue = tasks.entries();
    const connectInTurn = async (): Promise<void> => {
      for (const [i, task] of queue) await this.#drivers[i]!.ask({ kind: 'connect', task, pingIntervalMs });
    };
    await Promise.all(Array.from({ length: atOnce }, connectInTurn));
  }

  async churn(tasks: readonly ChurnTask[]): Promise<void> {
    await Promise.all(tasks.map((task, i) => this.#drivers[i]!.ask({ kind: 'churn', task })));
  }

  /** The counts of now, of all processes. */
  async counts(): Promise<LoadCounts> {
    const replies = await this.#askAll({ kind: 'counts' });
    return sumCounts(replies.map(({ counts }) => counts!));
  }

  async deliveries(): Promise<Deliveries> {
    const replies = await this.#askAll({ kind: 'counts' });
    return {
      messages: replies.reduce((sum, { counts }) => sum + counts!.messages, 0),
      lastAtMs: Math.max(...replies.map(({ lastMessageAtMs }) => lastMessageAtMs!)),
    };
  }

  /** Resolves once all processes have loaded their code: they answer, and collect their garbage on demand. */
  async ready(): Promise<void> {
    await this.#askAll({ kind: 'counts' });
  }

  /** What was seen since the last call. */
  async take(): Promise<LoadReading> {
    const latency = new LatencyHistogram();
    const pingLag = new LatencyHistogram();
    const readings = (await this.#askAll({ kind: 'take' })).map(({ reading }) => reading!);
    for (const reading of readings) {
      latency.merge(reading.latency);
      pingLag.merge(reading.pingLag);
    }
    return {
      counts: sumCounts(readings.map(({ counts }) => counts)),
      latency,
      pingLag,
    };
  }

  /** Closes all connections; the processes stay. */
  async cut(): Promise<void> {
    await this.#askAll({ kind: 'cut' });
  }

  /** Ends the churn and returns the ledgers of all connections that were open. */
  async records(): Promise<ChurnRecord[]> {
    return (await this.#askAll({ kind: 'records' })).flatMap(({ records }) => records!);
  }

  /** Closes all connections and ends the processes. */
  async stop(): Promise<void> {
    await Promise.all(this.#drivers.map((driver) => driver.stop()));
  }

  #askAll(order: DriverOrder): Promise<DriverReply[]> {
    return Promise.all(this.#drivers.map((driver) => driver.ask(order)));
  }
}
