// Whether each connection is pinged, and how far apart: the last ping of every connection, and a histogram of the gaps.
import { LatencyHistogram } from './latency-histogram.js';

/** 5 bytes per connection. Connections are slots, numbers from 0; the clock is handed in. */
export class PingGaps {
  readonly histogram = new LatencyHistogram();
  /** Time of the last ping since the connection was opened, ms; 0 before the first. */
  readonly #lastMs: Uint32Array;
  /** 1 once a connection of the slot was pinged. */
  readonly #wasPinged: Uint8Array;
  #pinged = 0;

  constructor(slots: number) {
    this.#lastMs = new Uint32Array(slots);
    this.#wasPinged = new Uint8Array(slots);
  }

  /** The slot's connection is open: the time until its first ping is not a gap. */
  onOpen(slot: number): void {
    this.#lastMs[slot] = 0;
  }

  /** @param nowMs whole milliseconds, over 0, from a clock that never goes back */
  onPing(slot: number, nowMs: number): void {
    const lastMs = this.#lastMs[slot]!;
    if (lastMs !== 0) this.histogram.record(nowMs - lastMs);
    this.#lastMs[slot] = nowMs;
    if (this.#wasPinged[slot] === 1) return;
    this.#wasPinged[slot] = 1;
    this.#pinged++;
  }

  /** Slots that were ever pinged. */
  get pinged(): number {
    return this.#pinged;
  }
}
