// Counts the connections of each address over all workers: the primary's side of --max-connections-per-ip.
import type { AddressChanges } from './address-claims.js';

/** Counts connections by address. An address takes memory only while it has connections. */
export class AddressLedger {
  readonly #limit: number;
  readonly #totals = new Map<string, number>();
  readonly #byWorker = new Map<number, Map<string, number>>();

  /** @param limit the most connections of one address */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The number of addresses that have connections. */
  get size(): number {
    return this.#totals.size;
  }

  /** Counts one more connection. Returns false if the address is at its limit. */
  claim(worker: number, address: string): boolean {
    const total = this.#totals.get(address) ?? 0;
    if (total >= this.#limit) return false;
    this.#totals.set(address, total + 1);
    const counts = this.#byWorker.get(worker) ?? new Map<string, number>();
    this.#byWorker.set(worker, counts);
    counts.set(address, (counts.get(address) ?? 0) + 1);
    return true;
  }

  /**
   * Takes the changes of one event-loop turn of a worker.
   *
   * @returns a verdict on each claim, in the order of the claims
   */
  take(worker: number, { claimed, released }: AddressChanges): boolean[] {
    for (const address of released) this.release(worker, address);
    return claimed.map((address) => this.claim(worker, address));
  }

  /** A connection of an address has ended. */
  release(worker: number, address: string): void {
    const counts = this.#byWorker.get(worker);
    if (counts?.has(address) !== true) return;
    subtract(counts, address, 1);
    subtract(this.#totals, address, 1);
  }

  /** A worker has ended, and with it all its connections. */
  forget(worker: number): void {
    for (const [address, count] of this.#byWorker.get(worker) ?? []) subtract(this.#totals, address, count);
    this.#byWorker.delete(worker);
  }
}

function subtract(counts: Map<string, number>, address: string, count: number): void {
  const left = counts.get(address)! - count;
  if (left > 0) counts.set(address, left);
  else counts.delete(address);
}
