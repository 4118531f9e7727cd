// Counts durations in log-linear buckets: bounded memory, percentiles within 0.8 %, mergeable over processes.

/** Width of the finest buckets. Up to 1.28 ms they are all that wide; above, each doubling has 64 buckets. */
const RESOLUTION_MS = 0.01;
const BUCKETS_PER_DOUBLING = 64;
const BUCKETS = 26 * BUCKETS_PER_DOUBLING;

/** What a histogram holds, fit to be sent to another process. */
export interface HistogramState {
  readonly counts: Float64Array;
  readonly count: number;
  readonly minMs: number;
  readonly maxMs: number;
}

/** 14 KB each. Durations over 11.9 hours share the last bucket; the extremes are exact. */
export class LatencyHistogram {
  readonly #counts = new Float64Array(BUCKETS + BUCKETS_PER_DOUBLING);
  #count = 0;
  #minMs = Number.POSITIVE_INFINITY;
  #maxMs = 0;

  get count(): number {
    return this.#count;
  }

  /** The shortest duration, undefined before the first. */
  get minMs(): number | undefined {
    return this.#count === 0 ? undefined : this.#minMs;
  }

  /** The longest duration, undefined before the first. */
  get maxMs(): number | undefined {
    return this.#count === 0 ? undefined : this.#maxMs;
  }

  /** @param durationMs counts as 0 when negative: clocks of two machines differ */
  record(durationMs: number): void {
    const duration = Math.max(0, durationMs);
    this.#counts[bucketOf(duration)]!++;
    this.#count++;
    if (duration < this.#minMs) this.#minMs = duration;
    if (duration > this.#maxMs) this.#maxMs = duration;
  }

  /** The duration that the share `p` of all (0 to 1) does not exceed, undefined before the first. */
  percentileMs(p: number): number | undefined {
    if (this.#count === 0) return undefined;
    let left = Math.max(1, Math.ceil(p * this.#count));
    let bucket = 0;
    for (; bucket < this.#counts.length; bucket++) {
      left -= this.#counts[bucket]!;
      if (left <= 0) break;
    }
    return Math.min(this.#maxMs, Math.max(this.#minMs, middleMs(bucket)));
  }

  merge(other: HistogramState): void {
    for (let i = 0; i < this.#counts.length; i++) this.#counts[i]! += other.counts[i] ?? 0;
    this.#count += other.count;
    this.#minMs = Math.min(this.#minMs, other.minMs);
    this.#maxMs = Math.max(this.#maxMs, other.maxMs);
  }

  get state(): HistogramState {
    return { counts: this.#counts, count: this.#count, minMs: this.#minMs, maxMs: this.#maxMs };
  }
}

function bucketOf(durationMs: number): number {
  const units = Math.min(0xffff_ffff, Math.floor(durationMs / RESOLUTION_MS));
  const shift = Math.max(0, 25 - Math.clz32(units));
  return shift * BUCKETS_PER_DOUBLING + (units >>> shift);
}

function middleMs(bucket: number): number {
  const shift = Math.max(0, Math.floor(bucket / BUCKETS_PER_DOUBLING) - 1);
  return (bucket - shift * BUCKETS_PER_DOUBLING + 0.5) * 2 ** shift * RESOLUTION_MS;
}
