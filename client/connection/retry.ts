// When to connect again after a connection has ended: as the server asks, else by backoff.

import { closeCodes } from '../../server/codes.js';
import { backoffMs } from '../../server/command/backoff.js';
import type { ConnectionEnd } from './connection.js';
import { HandshakeError } from './handshake.js';

const BACKOFF = { firstMs: 500, maxMs: 30_000 };
/** The longest time that a timer of Node can be set to. */
const LONGEST_MS = 2 ** 31 - 1;

/** Close codes with which the server sends its clients elsewhere or asks them to return later. */
const RETURN_CODES: ReadonlySet<number> = new Set([
  closeCodes.stopping.code,
  closeCodes.restarting.code,
  closeCodes.overLimit.code,
]);

/** True where the server ended the connection as planned and expects its client again. */
export const asksToReturn = (code: number): boolean => RETURN_CODES.has(code);

/**
 * Why the server need not be asked again: the next attempt would end in the same way. Undefined where it may be asked.
 *
 * @param hasStood false for the end of an attempt
 */
export function refusalOf({ code, reason, error }: ConnectionEnd, hasStood: boolean): Error | undefined {
  if (!hasStood) return error instanceof HandshakeError && !error.isPassing ? error : undefined;
  if (code !== closeCodes.policy.code) return undefined;
  return new Error(reason || `${closeCodes.policy.meaning} (close code ${code})`);
}

/** The times of a close reason `retry=MIN-MAX` (seconds, decimals allowed), or undefined where it is none. */
export function parseRetryHint(reason: string): { minMs: number; maxMs: number } | undefined {
  const match = /^retry=(\d{1,6}(?:\.\d{1,3})?)-(\d{1,6}(?:\.\d{1,3})?)$/.exec(reason);
  if (match === null) return undefined;
  const minMs = Number(match[1]) * 1000;
  const maxMs = Number(match[2]) * 1000;
  return minMs <= maxMs ? { minMs, maxMs } : undefined;
}

/**
 * How long to wait, in milliseconds: a time within the hint of the close reason; else by backoff, which begins when the
 * time of a `Retry-After` is over, so that those who were told the same time do not return at the same moment.
 *
 * @param attempt 0 for the first attempt after the connection stood, then 1, 2, …
 * @param random uniform in [0, 1), such as `Math.random`
 */
export function retryDelayMs(
  { reason, error }: ConnectionEnd,
  attempt: number,
  random: () => number,
): number {
  const hint = parseRetryHint(reason);
  if (hint !== undefined) return hint.minMs + random() * (hint.maxMs - hint.minMs);
  const leastMs = error instanceof HandshakeError ? (error.retryAfterMs ?? 0) : 0;
  return Math.min(LONGEST_MS, leastMs + backoffMs(attempt, BACKOFF, random));
}
