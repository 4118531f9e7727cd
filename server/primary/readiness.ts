// Whether the server is ready: every worker listens and has recently received a probe through the broker.
import type { Publisher } from '../broker/broker.js';
import { type ProbeIdentity, probePayload } from '../broker/probe.js';
import type { Logger } from '../logger.js';
import type { WorkerHandle } from './worker-handle.js';
import type { WorkerPool } from './worker-pool.js';

const PROBE_INTERVAL_MS = 1000;
/** A worker whose last probe is older than this is cut off from the broker, whatever the state of its connection. */
const MAX_PROBE_AGE_MS = 5000;
/** A worker that has not answered for this long delivers nothing. */
const MAX_SILENCE_S = 5;
/** Number of probes before the log says that the server is not ready, because workers take a moment to start. */
const PATIENCE_PROBES = 5;

/** Publishes probes, and checks that they arrive in every worker. */
export class Readiness {
  readonly #publisher: Publisher;
  readonly #probes: ProbeIdentity;
  readonly #pool: Pick<WorkerPool, 'serving'>;
  readonly #expectedWorkers: number;
  readonly #logger: Logger;
  #timer: NodeJS.Timeout | undefined;
  #isDraining = false;
  /** What the log said last. */
  #isLoggedReady: boolean | undefined;
  #unreadyProbes = 0;

  constructor(
    publisher: Publisher,
    probes: ProbeIdentity,
    pool: Pick<WorkerPool, 'serving'>,
    expectedWorkers: number,
    logger: Logger,
  ) {
    this.#publisher = publisher;
    this.#probes = probes;
    this.#pool = pool;
    this.#expectedWorkers = expectedWorkers;
    this.#logger = logger;
  }

  /** @param beat called with each probe, because a timer of its own would wake the idle process once more */
  start(beat: () => void): void {
    this.#timer = setInterval(() => {
      this.#probe();
      beat();
    }, PROBE_INTERVAL_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Makes the server not ready for good, so that load balancers turn away before the first connection is closed. */
  drain(): void {
    this.#isDraining = true;
  }

  /** Why the server is not ready, in one line; `undefined` if it is ready. */
  get obstacle(): string | undefined {
    if (this.#isDraining) return 'draining';
    const workers = this.#pool.serving;
    if (workers.length < this.#expectedWorkers) {
      return `${workers.length} of ${this.#expectedWorkers} workers are running`;
    }
    const starting = startingOf(workers);
    if (starting !== undefined) return starting;
    const obstacle = firstOf(workers, obstacleOf);
    if (obstacle !== undefined) return obstacle;
    // Checked before the age of the probes: a probe that could not be published says nothing about the workers.
    const { isConnected, reason } = this.#publisher.state;
    if (!isConnected) return `broker: ${reason}`;
    return firstOf(workers, silenceOf);
  }

  #probe(): void {
    this.#logChange();
    const payload = probePayload(this.#probes, process.hrtime.bigint());
    // A failure needs no handling: the state of the publisher shows it.
    this.#publisher.probe(payload).catch(() => {});
  }

  #logChange(): void {
    const { obstacle } = this;
    if (this.#isDraining) return;
    this.#unreadyProbes = obstacle === undefined ? 0 : this.#unreadyProbes + 1;
    const isReady = obstacle === undefined;
    if (isReady === this.#isLoggedReady || (!isReady && this.#unreadyProbes < PATIENCE_PROBES)) return;
    this.#isLoggedReady = isReady;
    if (isReady) this.#logger.info('ready');
    else this.#logger.warn('not ready', { reason: obstacle });
  }
}

/** Says how many workers are starting, and what they wait for. */
function startingOf(workers: readonly WorkerHandle[]): string | undefined {
  const starting = workers.filter(({ state }) => state === 'starting');
  if (starting.length === 0) return undefined;
  const text = `${starting.length} of ${workers.length} workers ${starting.length === 1 ? 'is' : 'are'} starting`;
  const waiting = starting.find(({ hasLoaded, broker }) => hasLoaded && !broker.isConnected);
  return waiting === undefined ? text : `${text}, waiting for the broker: ${waiting.broker.reason}`;
}

function firstOf(
  workers: readonly WorkerHandle[],
  find: (worker: WorkerHandle) => string | undefined,
): string | undefined {
  for (const worker of workers) {
    const found = find(worker);
    if (found !== undefined) return `worker ${worker.number} ${found}`;
  }
  return undefined;
}

function obstacleOf({ state, silentS, broker, outbox }: WorkerHandle): string | undefined {
  if (state === 'full') return 'is full and not listening';
  if (state === 'draining') return 'is draining';
  if (silentS > MAX_SILENCE_S) return `has not answered for ${silentS} s`;
  if (outbox.isLeftOut) return 'does not keep up, and gets no messages';
  if (!broker.isConnected) return `is not connected to the broker: ${broker.reason}`;
  if (broker.reason !== '') return `may not receive from the broker: ${broker.reason}`;
  return undefined;
}

function silenceOf({ probeMs }: WorkerHandle): string | undefined {
  if (probeMs === 0) return 'has not received a probe yet';
  const ageMs = performance.now() - probeMs;
  if (ageMs > MAX_PROBE_AGE_MS) return `has received no probe for ${Math.round(ageMs / 1000)} s`;
  return undefined;
}
