// Numbers that a seed determines, so that what a test found once can be found again.

/** mulberry32 (Tommy Ettinger): 32 bits of state, enough to be various and far from enough to be secret. */
export class SeededRandom {
  readonly seed: number;
  #state: number;

  /** @param seed of which the lower 32 bits count */
  constructor(seed: number) {
    this.seed = seed >>> 0;
    this.#state = this.seed;
  }

  /** An integer from 0 to below `limit`, which is at most 2^32. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  bytes(count: number): Buffer {
    return Buffer.from(Array.from({ length: count }, () => this.below(256)));
  }
}

/** The numbers of this run: of the seed in `FUZZ_SEED`, or of one that nobody has chosen. */
export function randomOfRun(): SeededRandom {
  const seed = process.env['FUZZ_SEED'];
  return new SeededRandom(seed === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(seed));
}
