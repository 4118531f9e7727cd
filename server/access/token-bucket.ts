// A token bucket: so many a second on average, with bursts of as many.

/** Lets `ratePerSecond` through, and as many at once after a second of quiet. */
export class TokenBucket {
  readonly #ratePerSecond: number;
  readonly #now: () => number;
  #tokens: number;
  #filledMs: number;

  /** @param now a monotonic clock in milliseconds */
  constructor(ratePerSecond: number, now: () => number) {
    this.#ratePerSecond = ratePerSecond;
    this.#now = now;
    this.#tokens = ratePerSecond;
    this.#filledMs = now();
  }

  /** Takes one; false when there is none left. */
  take(): boolean {
    const nowMs = this.#now();
    const gained = (this.#ratePerSecond * (nowMs - this.#filledMs)) / 1000;
    this.#tokens = Math.min(this.#ratePerSecond, this.#tokens + gained);
    this.#filledMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
