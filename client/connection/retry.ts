// When to reconnect after a connection has ended: as the server asks, or else by backoff.

import { closeCodes } from '../../server/codes.js';
import { backoffMs } from '../../server/command/backoff.js';
import type { ConnectionEnd } from './connection.js';
import { HandshakeError } from './handshake.js';

const BACKOFF = { firstMs: 500, maxMs: 30_000 };
/** The longest time that a timer of Node can be set to. */
const LONGEST_MS = 2 ** 31 - 1;

/** Close codes after which the server wants its clients to reconnect. */
const RETURN_CODES: ReadonlySet<number> = new Set([
  closeCodes.stopping.code,
  closeCodes.restarting.code,
  closeCodes.overLimit.code,
]);

/** True where the server ended the connection as planned and expects the client to reconnect. */
export const asksToReturn = (code: number): boolean => RETURN_CODES.has(code);

/**
 * Why another attempt would end in the same way; undefined where it might succeed.
 *
 * @param wasOpen false where an attempt to connect has failed
 */
export function refusalOf({ code, reason, error }: ConnectionEnd, wasOpen: boolean): Error | undefined {
  if (!wasOpen) return error instanceof HandshakeError && !error.isPassing ? error : undefined;
  if (code !== closeCodes.policy.code) return undefined;
  return new Error(reason || `${closeCodes.policy.meaning} (close code ${code})`);
}

/** The times of a close reason `retry=MIN-MAX` (seconds, decimals allowed), or undefined where it is not one. */
export function parseRetryHint(reason: string): { minMs: number; maxMs: number } | undefined {
  const match = /^retry=(\d{1,6}(?:\.\d{1,3})?)-(\d{1,6}(?:\.\d{1,3})?)$/.exec(reason);
  if (match === null) return undefined;
  const minMs = Number(match[1]) * 1000;
  const maxMs = Number(match[2]) * 1000;
  return minMs <= maxMs ? { minMs, maxMs } : undefined;
}

/**
 * How long to wait, in milliseconds: a random time within the hint of the close reason, or else by backoff. The backoff is
 * added to the time of a `Retry-After`, so that clients that were told the same time do not reconnect at the same moment.
 *
 * @param attempt 0 for the first attempt after the connection was open, then 1, 2, …
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
