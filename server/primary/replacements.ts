// The backoff before a worker that has ended is replaced. Pure.

/** A worker that lived this long is replaced at once. */
const STABLE_MS = 10_000;
const MIN_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 10_000;

/** Counts the early deaths of each worker apart, so that a worker that keeps dying does not delay the others. */
export class Replacements {
  readonly #failures = new Map<number, number>();

  /**
   * Returns the backoff before the replacement of a worker that has ended.
   *
   * @param number of the worker; its replacement has the same number
   * @param livedMs time from its start to its end
   * @returns milliseconds: 0 after the first early death, then more each time
   */
  delayMs(number: number, livedMs: number): number {
    const failures = livedMs >= STABLE_MS ? 0 : (this.#failures.get(number) ?? 0) + 1;
    this.#failures.set(number, failures);
    return failures <= 1 ? 0 : Math.min(MAX_BACKOFF_MS, MIN_BACKOFF_MS * 2 ** failures);
  }
}
