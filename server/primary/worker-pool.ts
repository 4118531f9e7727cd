// The worker processes: started a whole generation at a time, replaced when they die, asked for their metrics.
import cluster from 'node:cluster';
import type { AddressChanges } from '../access/address-claims.js';
import { AddressLedger } from '../access/address-ledger.js';
import { type FromWorker, PROTOCOL } from '../ipc.js';
import type { Logger } from '../logger.js';
import type { ServerOptions } from '../options/server-options.js';
import type { ClusterReport } from './cluster-report.js';
import { WorkerHandle } from './worker-handle.js';

/** V8 flags of a worker: a large young generation would add its growth to the memory of each connection. */
const WORKER_FLAGS = ['--max-semi-space-size=1'];

/** How long a worker may take to answer before it counts as missing. */
const ANSWER_TIMEOUT_MS = 1000;

/** How long a generation may take to come up: the whole port range takes seconds on a busy machine. */
const RAISE_TIMEOUT_MS = 60_000;

/** A worker that lived this long is replaced at once; younger ones are waited for, longer each time. */
const STABLE_MS = 10_000;
const MIN_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 10_000;

interface Collection {
  readonly waiting: Set<number>;
  readonly done: () => void;
}

/** A generation that is coming up: all of its workers are up, or one of them cannot. */
interface Raise {
  readonly generation: number;
  readonly needsProbe: boolean;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** All workers of the server. */
export class WorkerPool {
  readonly #options: ServerOptions;
  readonly #probeChannel: string;
  readonly #report: ClusterReport;
  readonly #logger: Logger;
  readonly #workers = new Map<number, WorkerHandle>();
  /** Only where the connections of an address are limited. */
  readonly #ledger: AddressLedger | undefined;
  readonly #collections = new Map<number, Collection>();
  #collectionCount = 0;
  #failures = 0;
  /** The generation that takes clients. */
  #serving = 0;
  #raise: Raise | undefined;
  #isStopping = false;
  restarts = 0;

  constructor(options: ServerOptions, probeChannel: string, report: ClusterReport, logger: Logger) {
    this.#options = options;
    this.#probeChannel = probeChannel;
    this.#report = report;
    this.#logger = logger;
    if (options.maxConnectionsPerIp !== undefined) {
      this.#ledger = new AddressLedger(options.maxConnectionsPerIp);
    }
  }

  /** Every worker that runs, of any generation. */
  get workers(): readonly WorkerHandle[] {
    return [...this.#workers.values()].sort((a, b) => a.generation - b.generation || a.number - b.number);
  }

  /** The workers that take clients: those of the generation that came up last. */
  get serving(): readonly WorkerHandle[] {
    return this.workers.filter(({ generation }) => generation === this.#serving);
  }

  /**
   * Starts a whole generation of workers, from the code that is on disk now. Once all of them are up they are the
   * serving ones; what becomes of the generation before is the caller's to say.
   *
   * @param needsProbe up is who listens and hears the broker, instead of who listens
   * @throws {Error} when one of them does not come up; all of the new ones are ended then, and the old stay as they were
   */
  async raise(needsProbe: boolean): Promise<void> {
    cluster.setupPrimary({ serialization: 'advanced', execArgv: [...process.execArgv, ...WORKER_FLAGS] });
    const generation = this.#serving + 1;
    const raised = new Promise<void>((resolve, reject) => {
      this.#raise = { generation, needsProbe, resolve, reject };
    });
    const overdue = () =>
      this.#raise?.reject(new Error(`not all workers were up within ${RAISE_TIMEOUT_MS / 1000} s`));
    const timer = setTimeout(overdue, RAISE_TIMEOUT_MS);
    for (let number = 1; number <= this.#options.workers; number++) this.#fork(number, generation);
    try {
      await raised;
      this.#serving = generation;
    } catch (error) {
      await this.#kill(this.workers.filter((worker) => worker.generation === generation));
      throw error;
    } finally {
      clearTimeout(timer);
      this.#raise = undefined;
    }
  }

  /**
   * Asks every worker that can answer for its report, and hands the answers to the cluster's report.
   *
   * @param withProcess see {@link WorkerReport.process}
   * @returns the number of workers that did not answer in time
   */
  async collect(withProcess: boolean): Promise<number> {
    const request = ++this.#collectionCount;
    const asked = this.workers.filter(({ hasLoaded }) => hasLoaded);
    const waiting = new Set(asked.map(({ id }) => id));
    if (waiting.size === 0) return 0;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ANSWER_TIMEOUT_MS);
      const done = () => {
        clearTimeout(timer);
        resolve();
      };
      this.#collections.set(request, { waiting, done });
      for (const worker of asked) worker.send({ kind: 'collect', request, withProcess });
    });
    this.#collections.delete(request);
    return waiting.size;
  }

  /** Makes every worker show new connections the certificate that is on disk now. */
  renewCertificate(): void {
    for (const worker of this.workers) worker.send({ kind: 'renew' });
  }

  /** From now on no worker is replaced; those that are still starting are ended. */
  async quiesce(): Promise<void> {
    this.#isStopping = true;
    this.#raise?.reject(new Error('the server is stopping'));
    await this.#kill(this.workers.filter(({ state }) => state === 'starting'));
  }

  /** Ends all workers at once, and with them their connections. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#kill(this.workers);
  }

  async #kill(workers: readonly WorkerHandle[]): Promise<void> {
    for (const worker of workers) worker.kill();
    await Promise.all(workers.map(({ exited }) => exited));
  }

  #fork(number: number, generation: number): void {
    const worker = new WorkerHandle(number, generation, cluster.fork());
    this.#workers.set(worker.id, worker);
    worker.process.on('message', (message: FromWorker) => this.#heard(worker, message));
    worker.process.on('exit', (code, signal) => this.#exited(worker, signal ?? `exit code ${code}`));
    worker.process.on('error', (error) =>
      this.#logger.warn('worker channel failed', { worker: number, error: error.message }),
    );
  }

  #heard(worker: WorkerHandle, message: FromWorker): void {
    switch (message.kind) {
      case 'hello':
        if (message.protocol !== PROTOCOL) {
          this.#failed(worker, protocolError(message.protocol));
          return;
        }
        worker.hasLoaded = true;
        worker.send({
          kind: 'start',
          number: worker.number,
          options: this.#options,
          probeChannel: this.#probeChannel,
        });
        return;
      case 'gate':
        if (worker.state !== 'draining') worker.state = message.isOpen ? 'listening' : 'full';
        this.#checkRaise();
        return;
      case 'failed':
        this.#failed(worker, message.message);
        return;
      case 'shut':
        worker.hasShut();
        return;
      case 'broker':
        worker.broker = message.state;
        return;
      case 'probe':
        worker.probeMs = performance.now();
        this.#checkRaise();
        return;
      case 'addresses':
        this.#count(worker, message.changes);
        return;
      case 'notRenewed':
        this.#logger.error('worker keeps the old certificate', {
          worker: worker.number,
          error: message.message,
        });
        return;
      case 'collected':
        this.#report.take(worker.id, worker.number, message.report);
        this.#answered(message.request, worker.id);
        return;
      case 'drained':
        this.#report.take(worker.id, worker.number, message.report);
        return;
    }
  }

  #count(worker: WorkerHandle, { claimed, released }: AddressChanges): void {
    const ledger = this.#ledger;
    if (ledger === undefined) return;
    for (const address of released) ledger.release(worker.id, address);
    if (claimed.length === 0) return;
    const verdicts = claimed.map((address) => ledger.claim(worker.id, address));
    worker.send({ kind: 'claimed', verdicts });
  }

  #checkRaise(): void {
    const raise = this.#raise;
    if (raise === undefined) return;
    const raising = this.workers.filter(({ generation }) => generation === raise.generation);
    const isUp = (worker: WorkerHandle) =>
      worker.state !== 'starting' && (worker.probeMs > 0 || !raise.needsProbe);
    if (raising.every(isUp)) raise.resolve();
  }

  #failed(worker: WorkerHandle, message: string): void {
    if (worker.generation === this.#raise?.generation) this.#raise.reject(new Error(message));
    else this.#logger.error('worker cannot serve', { worker: worker.number, error: message });
    worker.kill();
  }

  #exited(worker: WorkerHandle, how: string): void {
    this.#workers.delete(worker.id);
    this.#report.retire(worker.id);
    this.#ledger?.forget(worker.id);
    for (const request of this.#collections.keys()) this.#answered(request, worker.id);
    if (worker.generation === this.#raise?.generation) {
      this.#raise.reject(new Error(`worker ${worker.number} ended while starting (${how})`));
      return;
    }
    const wasServing = worker.generation === this.#serving && worker.state !== 'draining';
    if (wasServing && !this.#isStopping) this.#replace(worker, how);
  }

  #replace(worker: WorkerHandle, how: string): void {
    const isStable = performance.now() - worker.startedMs >= STABLE_MS;
    this.#failures = isStable ? 0 : this.#failures + 1;
    const delayMs = this.#failures <= 1 ? 0 : Math.min(MAX_BACKOFF_MS, MIN_BACKOFF_MS * 2 ** this.#failures);
    this.#logger.error('worker ended, starting another', {
      worker: worker.number,
      pid: worker.pid,
      how,
      delayMs,
    });
    setTimeout(() => {
      if (this.#isStopping || worker.generation !== this.#serving) return;
      this.restarts++;
      this.#fork(worker.number, worker.generation);
    }, delayMs);
  }

  #answered(request: number, id: number): void {
    const collection = this.#collections.get(request);
    if (collection?.waiting.delete(id) && collection.waiting.size === 0) collection.done();
  }
}

/** A rolling restart has started code from the disk that this process, which is older, does not understand. */
const protocolError = (protocol: number | undefined): string =>
  `the code on disk speaks protocol ${protocol ?? 1} and this server ${PROTOCOL}: stop the server and start it again instead of a rolling restart`;
