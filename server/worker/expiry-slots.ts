// Keeps connections by when they expire: one slot for each second in which any do. It has no timer and no socket.

/** The state of each item: 16 bytes on the item, and 8 bytes in the slot's array. */
export interface ExpiringItem {
  /** The second at which it expires; 0 means never. */
  expiresAt?: number;
  /** Position in the slot, so that removal needs no search. */
  expiryPosition?: number;
}

/**
 * Items by the second in which they expire, on the monotonic clock. With the wall clock, setting it back by an hour would
 * extend every token by an hour.
 */
export class ExpirySlots<T extends ExpiringItem> {
  readonly #slots = new Map<number, T[]>();
  #lastS: number;

  /** @param nowS seconds since the process started */
  constructor(nowS: number) {
    this.#lastS = Math.floor(nowS);
  }

  /**
   * Adds an item.
   *
   * @param expiresAtS seconds since the process started; Infinity means never. An expired item is due at the next second
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

  /** Removes an item. The last item of its slot takes its position. */
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
   * Returns any expired item, or `undefined` if there is none. The item stays until it is removed.
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
