// How long to wait before the next attempt.

/** The bounds of a backoff, in milliseconds. */
export interface BackoffBounds {
  /** The first wait lies between 0 and this. */
  readonly firstMs: number;
  /** No wait is longer than this. */
  readonly maxMs: number;
}

/**
 * Exponential backoff with full jitter: clients that failed at the same moment do not reconnect at the same moment.
 *
 * @param attempt 0 for the first wait, then 1, 2, …
 * @param random uniform in [0, 1), such as `Math.random`
 */
export const backoffMs = (attempt: number, { firstMs, maxMs }: BackoffBounds, random: () => number): number =>
  random() * Math.min(maxMs, firstMs * 2 ** attempt);
