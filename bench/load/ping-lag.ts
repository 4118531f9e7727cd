// How late pings are, compared with the earliest beat of the same connection. Pure.
import { LatencyHistogram } from '../../client/load/latency-histogram.js';

/** 12 bytes per connection. The clock is an argument. */
export class PingLag {
  histogram = new LatencyHistogram();
  readonly #intervalMs: number;
  /** When ping 0 of each slot would have come if all pings had been as punctual as its best; 0 before the first. */
  readonly #beatMs: Float64Array;
  readonly #count: Uint32Array;

  constructor(slots: number, intervalMs: number) {
    this.#intervalMs = intervalMs;
    this.#beatMs = new Float64Array(slots);
    this.#count = new Uint32Array(slots);
  }

  onPing(slot: number, nowMs: number): void {
    const count = this.#count[slot]!;
    const isFirst = count === 0;
    const beatMs = nowMs - count * this.#intervalMs;
    this.#count[slot] = count + 1;
    if (isFirst || beatMs < this.#beatMs[slot]!) this.#beatMs[slot] = beatMs;
    if (!isFirst) this.histogram.record(beatMs - this.#beatMs[slot]!);
  }
}
