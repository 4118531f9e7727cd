// The tallies of all workers as one, those that have ended among them.
import type { Tally } from '../metrics/worker-report.js';

export const NO_TALLY: Tally = {
  opened: 0,
  closed: 0,
  messagesReceived: 0,
  messagesDelivered: 0,
  pingsSent: 0,
};

/** The last tally of each worker process, and the sum of those that have ended. */
export class Tallies {
  readonly #last = new Map<number, Tally>();
  #ended = NO_TALLY;

  /** @param id of the worker process, not used again for another one */
  take(id: number, tally: Tally): void {
    this.#last.set(id, tally);
  }

  /** A worker has ended, and with it its connections: those that it did not live to count are closed too. */
  retire(id: number): void {
    const last = this.#last.get(id);
    if (last === undefined) return;
    this.#last.delete(id);
    this.#ended = add(this.#ended, { ...last, closed: last.opened });
  }

  get total(): Tally {
    let total = this.#ended;
    for (const tally of this.#last.values()) total = add(total, tally);
    return total;
  }
}

const add = (a: Tally, b: Tally): Tally => ({
  opened: a.opened + b.opened,
  closed: a.closed + b.closed,
  messagesReceived: a.messagesReceived + b.messagesReceived,
  messagesDelivered: a.messagesDelivered + b.messagesDelivered,
  pingsSent: a.pingsSent + b.pingsSent,
});
