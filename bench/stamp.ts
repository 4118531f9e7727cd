// The text of a benchmark's message: when it was published, and its number on its channel.

const DIGIT_0 = 0x30;

/** @returns `t=<ms> <number>`, which the load client can read too */
export const stampText = (publishedAtMs: number, number: number): string =>
  `t=${publishedAtMs.toFixed(3)} ${number}`;

/** What a message says about itself. */
export interface Stamp {
  publishedAtMs: number;
  number: number;
}

/**
 * Reads a message into `stamp`, without an allocation: a burst brings hundreds of thousands.
 *
 * @returns false for any other message
 */
export function readStamp(payload: Uint8Array, stamp: Stamp): boolean {
  if (payload[0] !== 0x74 || payload[1] !== 0x3d) return false;
  let at = 2;
  let time = 0;
  let divisor = 0;
  for (; at < payload.length && payload[at] !== 0x20; at++) {
    if (payload[at] === 0x2e) {
      divisor = 1;
    } else {
      time = time * 10 + payload[at]! - DIGIT_0;
      divisor *= 10;
    }
  }
  let number = 0;
  for (at++; at < payload.length; at++) number = number * 10 + payload[at]! - DIGIT_0;
  stamp.publishedAtMs = divisor === 0 ? time : time / divisor;
  stamp.number = number;
  return true;
}

/** Milliseconds since 1970 with fractions: one clock for all processes of a machine. */
export const nowMs = (): number => performance.timeOrigin + performance.now();
