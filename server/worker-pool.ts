// The worker processes: started, replaced when they die, asked for their metrics, told to drain.
import cluster, { type Worker as ClusterWorker } from 'node:cluster';
import type { BrokerState } from './broker.js';
import type { ClusterMetrics } from './cluster-metrics.js';
import type { Receiver } from './embedded-broker.js';
import type { DrainOrder, FromWorker, ToWorker } from './ipc.js';
import type { Logger } from './logger.js';
import type { ServerOptions } from './options.js';

/** What a worker is doing; `full` is listening no more until a connection leaves. */
export type WorkerState = 'starting' | 'listening' | 'full' | 'draining';

/** A worker as the primary knows it. */
export class PoolWorker implements Receiver {
  readonly number: number;
  readonly process: ClusterWorker;
  readonly startedMs = performance.now();
  state: WorkerState = 'starting';
  broker: BrokerState = { isConnected: false, reason: 'not connected yet' };
  /** Number of the newest probe that came back, and when; 0 before the first. */
  probeSequence = 0;
  probeMs = 0;
  #backlogBytes = 0;

  constructor(number: number, process: ClusterWorker) {
    this.number = number;
    this.process = process;
  }

  get id(): number {
    return this.process.id;
  }

  get pid(): number | undefined {
    return this.process.process.pid;
  }

  get backlogBytes(): number {
    return this.#backlogBytes;
  }

  send(message: ToWorker, sent: () => void = () => {}): void {
    // A worker may die at any moment; its exit event is where that is handled, not here.
    if (this.process.isConnected()) this.process.send(message, () => sent());
  }

  sendMessage(channel: Buffer, payload: Buffer): void {
    this.#backlogBytes += payload.byteLength;
    this.send({ kind: 'message', channel, payload }, () => {
      this.#backlogBytes -= payload.byteLength;
    });
  }
}

/** V8 flags of a worker: a large young generation would add its growth to the memory of each connection. */
const WORKER_FLAGS = ['--max-semi-space-size=1'];

/** How long a worker may take to answer before it counts as missing. */
const ANSWER_TIMEOUT_MS = 1000;

/** A worker that lived this long is replaced at once; younger ones are waited for, longer each time. */
const STABLE_MS = 10_000;
const MIN_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 10_000;

/** How much longer than its connections ask for a drain may take before what is left is ended. */
const DRAIN_PATIENCE_MS = 10_000;

interface Collection {
  readonly waiting: Set<number>;
  readonly done: () => void;
}

/** All workers of the server. */
export class WorkerPool {
  readonly #options: ServerOptions;
  readonly #probeChannel: string;
  readonly #metrics: ClusterMetrics;
  readonly #logger: Logger;
  readonly #workers = new Map<number, PoolWorker>();
  readonly #collections = new Map<number, Collection>();
  #collectionCount = 0;
  #failures = 0;
  #isStopping = false;
  /** Settles the start: all workers listen, or one of them cannot. */
  #started: { resolve: () => void; reject: (error: Error) => void } | undefined;
  #emptied: (() => void) | undefined;
  restarts = 0;

  constructor(options: ServerOptions, probeChannel: string, metrics: ClusterMetrics, logger: Logger) {
    this.#options = options;
    this.#probeChannel = probeChannel;
    this.#metrics = metrics;
    this.#logger = logger;
  }

  get workers(): readonly PoolWorker[] {
    return [...this.#workers.values()].sort((a, b) => a.number - b.number);
  }

  /**
   * Starts all workers.
   *
   * @throws {Error} when one of them cannot serve; all are ended then
   */
  async start(): Promise<void> {
    cluster.setupPrimary({ serialization: 'advanced', execArgv: [...process.execArgv, ...WORKER_FLAGS] });
    const started = new Promise<void>((resolve, reject) => {
      this.#started = { resolve, reject };
    });
    for (let number = 1; number <= this.#options.workers; number++) this.#fork(number);
    try {
      await started;
    } catch (error) {
      await this.stop();
      throw error;
    } finally {
      this.#started = undefined;
    }
  }

  /**
   * Asks every worker for its metrics and hands the answers to the cluster metrics.
   *
   * @param withProcess see `WorkerMetrics.report`
   * @returns the number of workers that did not answer in time
   */
  async collect(withProcess: boolean): Promise<number> {
    const request = ++this.#collectionCount;
    const waiting = new Set(this.#workers.keys());
    if (waiting.size === 0) return 0;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ANSWER_TIMEOUT_MS);
      const done = () => {
        clearTimeout(timer);
        resolve();
      };
      this.#collections.set(request, { waiting, done });
      for (const worker of this.#workers.values()) worker.send({ kind: 'collect', request, withProcess });
    });
    this.#collections.delete(request);
    return waiting.size;
  }

  /**
   * Closes the connections of all workers at a rate that they share, and ends the workers.
   *
   * @param order the rate is that of all workers together
   */
  async drain(order: DrainOrder): Promise<void> {
    this.#isStopping = true;
    const emptied = this.#whenEmpty();
    const connectionsOf = (worker: PoolWorker) => this.#metrics.ofWorker(worker.id, 'tenm_connections');
    const workers = this.workers;
    const connections = workers.reduce((sum, worker) => sum + connectionsOf(worker), 0);
    const deadlineMs = (1000 * connections) / order.ratePerSecond + DRAIN_PATIENCE_MS;
    const deadline = setTimeout(() => void this.stop(), deadlineMs);
    for (const worker of workers) {
      const share = connections === 0 ? 1 / workers.length : connectionsOf(worker) / connections;
      if (worker.state === 'starting') worker.process.process.kill('SIGKILL');
      worker.state = 'draining';
      // A connection more than was counted must not wait for ever.
      const ratePerSecond = Math.max(1, order.ratePerSecond * share);
      worker.send({ kind: 'drain', order: { ...order, ratePerSecond } });
    }
    await emptied;
    clearTimeout(deadline);
  }

  /** Ends all workers at once, and with them their connections. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const emptied = this.#whenEmpty();
    for (const { process: worker } of this.#workers.values()) worker.process.kill('SIGKILL');
    await emptied;
  }

  #whenEmpty(): Promise<void> {
    if (this.#workers.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const before = this.#emptied;
      this.#emptied = () => {
        before?.();
        resolve();
      };
    });
  }

  #fork(number: number): void {
    const worker = new PoolWorker(number, cluster.fork());
    this.#workers.set(worker.id, worker);
    worker.process.on('message', (message: FromWorker) => this.#heard(worker, message));
    worker.process.on('exit', (code, signal) => this.#exited(worker, code, signal));
    worker.process.on('error', (error) =>
      this.#logger.warn('worker channel failed', { worker: number, error: error.message }),
    );
  }

  #heard(worker: PoolWorker, message: FromWorker): void {
    switch (message.kind) {
      case 'hello':
        worker.send({
          kind: 'start',
          number: worker.number,
          options: this.#options,
          probeChannel: this.#probeChannel,
        });
        return;
      case 'gate':
        if (worker.state !== 'draining') worker.state = message.isOpen ? 'listening' : 'full';
        if (this.workers.every(({ state }) => state !== 'starting')) this.#started?.resolve();
        return;
      case 'failed':
        this.#failed(worker, message.message);
        return;
      case 'broker':
        worker.broker = message.state;
        return;
      case 'probe':
        worker.probeSequence = message.sequence;
        worker.probeMs = performance.now();
        return;
      case 'collected':
        this.#metrics.report(worker.id, message.metrics);
        this.#answered(message.request, worker.id);
        return;
      case 'drained':
        this.#metrics.report(worker.id, message.metrics);
        return;
    }
  }

  #failed(worker: PoolWorker, message: string): void {
    if (this.#started !== undefined) this.#started.reject(new Error(message));
    else this.#logger.error('worker cannot serve', { worker: worker.number, message });
    worker.process.process.kill('SIGKILL');
  }

  #exited(worker: PoolWorker, code: number | null, signal: string | null): void {
    this.#workers.delete(worker.id);
    this.#metrics.retire(worker.id);
    for (const request of this.#collections.keys()) this.#answered(request, worker.id);
    if (this.#workers.size === 0) this.#emptied?.();
    if (this.#isStopping) return;
    const how = signal ?? `exit code ${code}`;
    if (this.#started !== undefined) {
      this.#started.reject(new Error(`worker ${worker.number} ended while starting (${how})`));
      return;
    }
    this.#replace(worker, how);
  }

  #replace(worker: PoolWorker, how: string): void {
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
      if (this.#isStopping) return;
      this.restarts++;
      this.#fork(worker.number);
    }, delayMs);
  }

  #answered(request: number, id: number): void {
    const collection = this.#collections.get(request);
    if (collection?.waiting.delete(id) && collection.waiting.size === 0) collection.done();
  }
}
