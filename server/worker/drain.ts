// A worker's part of a drain: closes its connections at its share of the rate.

import type { DrainOrder } from '../ipc.js';
import type { Connections } from './connections.js';

const STEP_MS = 50;
/** How long the process waits, after the last close frame was sent, for the frames to be delivered and answered. */
const GRACE_MS = 500;

/** Closes all connections of a worker, a few at each step. */
export class WorkerDrain {
  readonly #connections: Connections;
  readonly #ended: () => void;
  #timer: NodeJS.Timeout | undefined;

  /** @param ended is called once no connection is left */
  constructor(connections: Connections, ended: () => void) {
    this.#connections = connections;
    this.#ended = ended;
  }

  /** Obeys an order, which replaces any earlier one. */
  obey({ reason, ratePerSecond, retry }: DrainOrder): void {
    clearInterval(this.#timer);
    const hadConnections = this.#connections.size > 0;
    const startMs = performance.now();
    let closed = 0;
    const step = () => {
      const allowed = (ratePerSecond * (performance.now() - startMs + STEP_MS)) / 1000;
      while (closed < allowed && this.#connections.endOne(reason, retry)) closed++;
      if (this.#connections.size > 0) return;
      clearInterval(this.#timer);
      setTimeout(this.#ended, hadConnections ? GRACE_MS : 0);
    };
    this.#timer = setInterval(step, STEP_MS);
    step();
  }
}
