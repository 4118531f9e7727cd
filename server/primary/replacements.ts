// How long to wait before a worker is started in the place of one that has ended. Pure.

/** A worker that lived this long is replaced at once. */
const STABLE_MS = 10_000;
const MIN_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 10_000;

/** Counts how often each worker ended young: one that keeps dying must not take the others' place in the queue. */
export class Replacements {
  readonly #failures = new Map<number, number>();

  /**
   * A worker has ended.
   *
   * @param number of the worker; its replacement has the same
   * @param livedMs from its start to its end
   * @returns how long to wait, in milliseconds: nothing the first time, then longer each time
   */
  delayMs(number: number, livedMs: number): number {
    const failures = livedMs >= STABLE_MS ? 0 : (this.#failures.get(number) ?? 0) + 1;
    this.#failures.set(number, failures);
    return failures <= 1 ? 0 : Math.min(MAX_BACKOFF_MS, MIN_BACKOFF_MS * 2 ** failures);
  }
}
