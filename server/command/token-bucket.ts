// A token bucket: limits the average rate and the size of a burst.

/** Allows `ratePerSecond` on average, and a burst after a quiet time. */
export class TokenBucket {
  readonly #ratePerSecond: number;
  readonly #burst: number;
  readonly #now: () => number;
  #tokens: number;
  #filledMs: number;

  /**
   * @param now a monotonic clock in milliseconds
   * @param burst how many may pass at once, at least 1; by default as many as in one second
   */
  constructor(ratePerSecond: number, now: () => number, burst = ratePerSecond) {
    this.#ratePerSecond = ratePerSecond;
    this.#burst = burst;
    this.#now = now;
    this.#tokens = burst;
    this.#filledMs = now();
  }

  /** Takes one token. Returns false if none is left. */
  take(): boolean {
    const nowMs = this.#now();
    const gained = (this.#ratePerSecond * (nowMs - this.#filledMs)) / 1000;
    this.#tokens = Math.min(this.#burst, this.#tokens + gained);
    this.#filledMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
