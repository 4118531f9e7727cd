// When connections expire: a slot for each second in which some do. No timer and no socket in it.

/** What is kept on each item: 16 bytes there, and 8 in the slot's array. */
export interface ExpiringItem {
  /** The second at which it expires; 0 is never. */
  expiresAt?: number;
  /** Place within the slot, so that an item is removed without a search. */
  expiryPosition?: number;
}

/**
 * Items by the second in which they expire, on a clock that nobody sets: with the wall clock, an hour that it is set back
 * would be given to every token.
 */
export class ExpirySlots<T extends ExpiringItem> {
  readonly #slots = new Map<number, T[]>();
  #lastS: number;

  /** @param nowS seconds since the process started */
  constructor(nowS: number) {
    this.#lastS = Math.floor(nowS);
  }

  /**
   * Puts an item in.
   *
   * @param expiresAtS seconds since the process started; Infinity is never. What has expired already is due at the next second
   */
  add(item: T, expiresAtS: number): void {
    item.expiresAt = 0;
    item.expiryPosition = 0;
    if (expiresAtS === Number.POSITIVE_INFINITY) return;
    item.expiresAt = Math.max(Math.ceil(expiresAtS), this.#lastS + 1);
    const slot = this.#slots.get(item.expiresAt) ?? [];
    this.#slots.set(item.expiresAt, slot);
    item.expiryPosition = slot.push(item) - 1;
  }

  /** Takes an item out; the last of its slot takes its place. */
  remove(item: T): void {
    const slot = this.#slots.get(item.expiresAt ?? 0);
    if (slot === undefined) return;
    const last = slot.pop()!;
    if (last !== item) {
      slot[item.expiryPosition!] = last;
      last.expiryPosition = item.expiryPosition!;
    }
    if (slot.length === 0) this.#slots.delete(item.expiresAt!);
  }

  /**
   * Some item that has expired, or `undefined` when there is none. It stays until it is removed.
   *
   * @param nowS seconds since the process started
   */
  due(nowS: number): T | undefined {
    for (; this.#lastS < Math.floor(nowS); this.#lastS++) {
      const slot = this.#slots.get(this.#lastS + 1);
      if (slot !== undefined) return slot.at(-1);
    }
    return undefined;
  }
}
