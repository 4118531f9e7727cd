// The ping wheel: which connections are due at which tick. No timer and no socket in it.

/** What the wheel keeps on each item: 16 bytes there, and 8 in the slot's array. */
export interface WheelItem {
  /** Number of the slot, from 0. */
  slot: number;
  /** Place within the slot, so that an item is removed without a search. */
  position: number;
}

/**
 * Items spread evenly over the slots of one turn. A turn takes one ping interval and serves each slot once, so each
 * item comes up once per interval, and as many items at each tick as at any other, however fast they were added.
 */
export class PingWheel<T extends WheelItem> {
  readonly #slots: T[][];
  #next = 0;
  #size = 0;

  /** @param slotCount slots of a turn, 1 or more */
  constructor(slotCount: number) {
    this.#slots = Array.from({ length: slotCount }, () => []);
  }

  /** Number of items. */
  get size(): number {
    return this.#size;
  }

  /** Slots of a turn. */
  get slotCount(): number {
    return this.#slots.length;
  }

  /** Puts an item into the next slot that holds no more than its share: consecutive items go to consecutive slots. */
  add(item: T): void {
    const share = this.#size / this.#slots.length;
    while (this.#slots[this.#next]!.length > share) this.#advance();
    const slot = this.#slots[this.#next]!;
    item.slot = this.#next;
    item.position = slot.push(item) - 1;
    this.#size++;
    this.#advance();
  }

  /** Takes an item out; the last of its slot takes its place. */
  remove(item: T): void {
    const slot = this.#slots[item.slot]!;
    const last = slot.pop()!;
    if (last !== item) {
      slot[item.position] = last;
      last.position = item.position;
    }
    this.#size--;
  }

  /**
   * Calls `visit` with each item that is due at a tick.
   *
   * @param tick number of the tick, any integer: slots repeat every {@link slotCount} ticks
   * @param visit may remove the item that it was called with, and no other
   */
  tick(tick: number, visit: (item: T) => void): void {
    const count = this.#slots.length;
    const slot = this.#slots[((tick % count) + count) % count]!;
    // From the end: a removed item's place is taken by one that was visited already.
    for (let i = slot.length - 1; i >= 0; i--) visit(slot[i]!);
  }

  /** Some item, or `undefined` when there is none. */
  any(): T | undefined {
    for (const slot of this.#slots) if (slot.length > 0) return slot.at(-1);
    return undefined;
  }

  #advance(): void {
    this.#next = (this.#next + 1) % this.#slots.length;
  }
}
