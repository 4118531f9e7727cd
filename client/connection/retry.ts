// When to come back after a connection has ended: the server's own hint, else exponential backoff with full jitter.

/** Longest wait of the backoff. */
const MAX_BACKOFF_MS = 30_000;
/** The first wait of the backoff lies between 0 and this. */
const FIRST_BACKOFF_MS = 500;

/** Close codes after which the server wants its clients back: it stops (1001), restarts (1012) or is full (1013). */
const RETURN_CODES: ReadonlySet<number> = new Set([1001, 1012, 1013]);

/** True where the server ended the connection as planned and expects it again. */
export const asksToReturn = (code: number): boolean => RETURN_CODES.has(code);

/** False after 1008, refused by policy: the next attempt would end in the same way. */
export const mayReturn = (code: number): boolean => code !== 1008;

/** The times of a close reason `retry=MIN-MAX` (seconds, decimals allowed), or undefined where it is none. */
export function parseRetryHint(reason: string): { minMs: number; maxMs: number } | undefined {
  const match = /^retry=(\d{1,6}(?:\.\d{1,3})?)-(\d{1,6}(?:\.\d{1,3})?)$/.exec(reason);
  if (match === null) return undefined;
  const minMs = Number(match[1]) * 1000;
  const maxMs = Number(match[2]) * 1000;
  return minMs <= maxMs ? { minMs, maxMs } : undefined;
}

/**
 * How long to wait, in milliseconds.
 *
 * @param reason the close reason; empty where there was none
 * @param attempt 0 for the first attempt after the connection stood, then 1, 2, …
 * @param random uniform in [0, 1), such as `Math.random`
 */
export function retryDelayMs(reason: string, attempt: number, random: () => number): number {
  const hint = parseRetryHint(reason);
  if (hint !== undefined) return hint.minMs + random() * (hint.maxMs - hint.minMs);
  return random() * Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** attempt);
}
