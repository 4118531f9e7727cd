// Adds up the tallies of all workers, including those that have ended.
import type { Tally } from '../metrics/worker-report.js';

export const NO_TALLY: Tally = {
  opened: 0,
  closed: 0,
  messagesReceived: 0,
  messagesDelivered: 0,
  pingsSent: 0,
};

/** The last tally of each worker process, and the sum over the processes that have ended. */
export class Tallies {
  readonly #last = new Map<number, Tally>();
  #ended = NO_TALLY;

  /** @param id of the worker process; ids are never reused */
  take(id: number, tally: Tally): void {
    this.#last.set(id, tally);
  }

  /** Keeps the counts of a worker that has ended. All of its connections count as closed. */
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
