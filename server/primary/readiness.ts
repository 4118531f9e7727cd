// Whether the server can do its work: every worker listens, and a probe came back through the broker in each, lately.
import type { Publisher } from '../broker/broker.js';
import type { WorkerHandle } from './worker-handle.js';

const PROBE_INTERVAL_MS = 1000;
/** A worker that has heard no probe for this long is cut off from the broker, whatever its connection says. */
const MAX_PROBE_AGE_MS = 5000;
/** A worker that stands still for this long delivers nothing. */
const MAX_SILENCE_S = 5;

/** Publishes probes, and judges the workers by what came back. */
export class Readiness {
  readonly #publisher: Publisher;
  readonly #probeChannel: string;
  readonly #expectedWorkers: number;
  /** The workers that take clients. */
  readonly #workers: () => readonly WorkerHandle[];
  #timer: NodeJS.Timeout | undefined;
  #isDraining = false;

  constructor(
    publisher: Publisher,
    probeChannel: string,
    expectedWorkers: number,
    workers: () => readonly WorkerHandle[],
  ) {
    this.#publisher = publisher;
    this.#probeChannel = probeChannel;
    this.#expectedWorkers = expectedWorkers;
    this.#workers = workers;
  }

  start(): void {
    this.#timer = setInterval(() => this.#probe(), PROBE_INTERVAL_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** From now on the answer is no: a load balancer turns away before the first connection is closed. */
  drain(): void {
    this.#isDraining = true;
  }

  /** Why the server is not ready, one line; `undefined` when it is. */
  get obstacle(): string | undefined {
    if (this.#isDraining) return 'draining';
    const workers = this.#workers();
    if (workers.length < this.#expectedWorkers) {
      return `${workers.length} of ${this.#expectedWorkers} workers are running`;
    }
    for (const worker of workers) {
      const obstacle = obstacleOf(worker);
      if (obstacle !== undefined) return `worker ${worker.number} ${obstacle}`;
    }
    if (!this.#publisher.state.isConnected) return `broker: ${this.#publisher.state.reason}`;
    return undefined;
  }

  #probe(): void {
    const payload = Buffer.from(String(process.hrtime.bigint()));
    // A probe that could not be published is one that does not come back: the workers' ages tell.
    this.#publisher.publish(this.#probeChannel, payload).catch(() => {});
  }
}

function obstacleOf(worker: WorkerHandle): string | undefined {
  if (worker.state === 'starting') return 'is starting';
  if (worker.state === 'full') return 'is full and not listening';
  if (worker.state === 'draining') return 'is draining';
  if (worker.silentS > MAX_SILENCE_S) return `has not answered for ${worker.silentS} s`;
  if (!worker.broker.isConnected) return `has no broker: ${worker.broker.reason}`;
  if (worker.probeMs === 0) return 'has not heard a probe yet';
  const ageMs = performance.now() - worker.probeMs;
  if (ageMs > MAX_PROBE_AGE_MS) return `has heard no probe for ${Math.round(ageMs / 1000)} s`;
  return undefined;
}
