// The worker processes: started one generation at a time, replaced when they end, killed when they do not answer.
import cluster from 'node:cluster';
import type { AddressChanges } from '../access/address-claims.js';
import { AddressLedger } from '../access/address-ledger.js';
import { readKeyFile } from '../access/token-key.js';
import type { ProbeIdentity } from '../broker/probe.js';
import { type FromWorker, PROTOCOL } from '../ipc.js';
import type { Logger } from '../logger.js';
import type { ServerOptions } from '../options/server-options.js';
import type { ClusterReport } from './cluster-report.js';
import { Replacements } from './replacements.js';
import { ReportCollector } from './report-collector.js';
import { type Generation, WorkerHandle } from './worker-handle.js';
import { type KillReason, killReasons, WorkerWatch } from './worker-watch.js';

/** V8 flags of a worker. The growth of a large young generation would add to the memory of each connection. */
const WORKER_FLAGS = ['--max-semi-space-size=1'];

/** How long workers may take to come up. On a busy machine it takes seconds to listen on the whole port range. */
const START_TIMEOUT_S = 60;

/** A generation that is coming up. It resolves once all of its workers are up, and rejects if one of them fails. */
interface Raise {
  readonly generation: Generation;
  readonly needsProbe: boolean;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** All workers of the server. */
export class WorkerPool {
  readonly #options: ServerOptions;
  readonly #probes: ProbeIdentity;
  readonly #logger: Logger;
  readonly #workers = new Map<number, WorkerHandle>();
  /** `undefined` unless the connections of an address are limited. */
  readonly #ledger: AddressLedger | undefined;
  readonly #reports: ReportCollector;
  readonly #replacements = new Replacements();
  readonly #watch: WorkerWatch;
  /** The generation that accepts clients. Only its workers are replaced. */
  #serving: Generation = { number: 0, keyFile: undefined };
  #raise: Raise | undefined;
  #isStopping = false;
  restarts = 0;
  /** Workers that were killed, by reason. */
  readonly kills = Object.fromEntries(killReasons.map((reason) => [reason, 0])) as Record<KillReason, number>;

  constructor(options: ServerOptions, probes: ProbeIdentity, report: ClusterReport, logger: Logger) {
    this.#options = options;
    this.#probes = probes;
    this.#reports = new ReportCollector(report);
    this.#logger = logger;
    if (options.maxConnectionsPerIp !== undefined) {
      this.#ledger = new AddressLedger(options.maxConnectionsPerIp);
    }
    this.#watch = new WorkerWatch({
      workers: () => this.workers,
      silenceS: options.workerTimeout,
      startS: START_TIMEOUT_S,
      kill: (worker, reason) => this.kill(worker, reason),
    });
    this.#watch.start();
  }

  /** Every running worker, of any generation. */
  get workers(): readonly WorkerHandle[] {
    return [...this.#workers.values()].sort((a, b) => a.generation - b.generation || a.number - b.number);
  }

  /** The workers that accept clients: the generation that came up last, or the first one while it starts. */
  get serving(): readonly WorkerHandle[] {
    const serving = Math.max(1, this.#serving.number);
    return this.workers.filter(({ generation }) => generation === serving);
  }

  /**
   * Starts a whole generation of workers, from the code that is on disk now. Once all of them are up, this generation is
   * the one that serves. At that moment all other workers become old, no matter when they were started.
   *
   * @param needsProbe whether a worker must have received a probe to be up; if false, a worker is up once it listens
   * @returns the old workers, for the caller to drain
   * @throws {Error} when one of the new workers does not come up; all new ones are then killed, and the old ones serve on
   */
  async raise(needsProbe: boolean): Promise<readonly WorkerHandle[]> {
    cluster.setupPrimary({ serialization: 'advanced', execArgv: [...process.execArgv, ...WORKER_FLAGS] });
    const generation = { number: this.#serving.number + 1, keyFile: readKeyFile(this.#options) };
    const raised = new Promise<void>((resolve, reject) => {
      this.#raise = { generation, needsProbe, resolve, reject };
    });
    const overdue = () =>
      this.#raise?.reject(new Error(`not all workers were up within ${START_TIMEOUT_S} s`));
    const timer = setTimeout(overdue, 1000 * START_TIMEOUT_S);
    try {
      for (let number = 1; number <= this.#options.workers; number++) this.#fork(number, generation);
      await raised;
    } catch (error) {
      await this.#end(this.workers.filter((worker) => worker.generation === generation.number));
      throw error;
    } finally {
      clearTimeout(timer);
      this.#raise = undefined;
    }
    this.#serving = generation;
    const old = this.workers.filter((worker) => worker.generation !== generation.number);
    // A replacement that is still starting has no connections to drain, and takes no orders yet.
    for (const worker of old.filter(({ state }) => state === 'starting')) worker.kill();
    return old;
  }

  /** Collects the reports of all workers; see {@link ReportCollector.collect}. */
  collect(withProcess: boolean): Promise<number> {
    return this.#reports.collect(this.workers, withProcess);
  }

  /** Kills a worker that did not answer, start or drain in time. */
  kill(worker: WorkerHandle, reason: KillReason): void {
    const { number, pid, silentS } = worker;
    this.kills[reason]++;
    this.#logger.error('killing a worker', { worker: number, pid, reason, silentSeconds: silentS });
    worker.kill();
  }

  /** Stops replacing workers, and kills those that are still starting. */
  async quiesce(): Promise<void> {
    this.#isStopping = true;
    this.#raise?.reject(new Error('the server is stopping'));
    await this.#end(this.workers.filter(({ state }) => state === 'starting'));
  }

  /** Kills all workers at once; their connections end with them. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#end(this.workers);
    this.#watch.stop();
  }

  async #end(workers: readonly WorkerHandle[]): Promise<void> {
    for (const worker of workers) worker.kill();
    await Promise.all(workers.map(({ exited }) => exited));
  }

  #fork(number: number, generation: Generation): void {
    const worker = new WorkerHandle(number, generation, cluster.fork());
    this.#workers.set(worker.id, worker);
    worker.process.on('message', (message: FromWorker) => this.#heard(worker, message));
    worker.process.on('error', (error) =>
      this.#logger.warn('channel to worker failed', { worker: number, error: error.message }),
    );
    void worker.exited.then((how) => this.#exited(worker, how));
  }

  #heard(worker: WorkerHandle, message: FromWorker): void {
    worker.note(message);
    switch (message.kind) {
      case 'hello':
        this.#start(worker, message.protocol);
        return;
      case 'gate':
        this.#checkRaise();
        return;
      case 'failed':
        this.#failed(worker, message.message);
        return;
      case 'probe':
        this.#checkRaise();
        this.#reports.tallied(worker, message.tally);
        return;
      case 'here':
        this.#reports.tallied(worker, message.tally);
        return;
      case 'addresses':
        this.#decide(worker, message.changes);
        return;
      case 'collected':
        this.#reports.answered(worker, message.request, message.report);
        return;
      case 'drained':
        this.#reports.last(worker, message.report);
        return;
    }
  }

  #start(worker: WorkerHandle, protocol: number | undefined): void {
    if (protocol !== PROTOCOL) {
      this.#failed(
        worker,
        `the code on disk speaks protocol ${protocol ?? 1} and this server ${PROTOCOL}: stop the server and start it again instead of a rolling restart`,
      );
      return;
    }
    worker.hasLoaded = true;
    worker.send({
      kind: 'start',
      number: worker.number,
      options: this.#options,
      probes: this.#probes,
      keyFile: worker.keyFile,
    });
  }

  #decide(worker: WorkerHandle, changes: AddressChanges): void {
    const verdicts = this.#ledger?.take(worker.id, changes) ?? [];
    if (verdicts.length > 0) worker.send({ kind: 'claimed', verdicts });
  }

  #checkRaise(): void {
    const raise = this.#raise;
    if (raise === undefined) return;
    const raising = this.workers.filter(({ generation }) => generation === raise.generation.number);
    const isUp = (worker: WorkerHandle) =>
      worker.state !== 'starting' && (worker.probeMs > 0 || !raise.needsProbe);
    if (raising.every(isUp)) raise.resolve();
  }

  #failed(worker: WorkerHandle, message: string): void {
    if (worker.generation === this.#raise?.generation.number) this.#raise.reject(new Error(message));
    else this.#logger.error('worker cannot serve', { worker: worker.number, error: message });
    worker.kill();
  }

  #exited(worker: WorkerHandle, how: string): void {
    this.#workers.delete(worker.id);
    this.#reports.ended(worker);
    this.#ledger?.forget(worker.id);
    if (worker.generation === this.#raise?.generation.number) {
      this.#raise.reject(new Error(`worker ${worker.number} ended while starting (${how})`));
      return;
    }
    const wasServing = worker.generation === this.#serving.number && worker.state !== 'draining';
    if (wasServing && !this.#isStopping) this.#replace(worker, how);
  }

  #replace(worker: WorkerHandle, how: string): void {
    const { number, pid, startedMs } = worker;
    const generation = this.#serving;
    const delayMs = this.#replacements.delayMs(number, performance.now() - startedMs);
    this.#logger.error('worker ended, starting another', { worker: number, pid, how, delayMs });
    setTimeout(() => {
      if (this.#isStopping || generation !== this.#serving) return;
      this.restarts++;
      this.#fork(number, generation);
    }, delayMs);
  }
}
