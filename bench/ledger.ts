// What connections received, compared with what was published: lost, duplicated, out of order. Pure.
import type { ChurnRecord } from './load/churner.js';

/** When each message of a channel was published, ms since 1970; message 1 is at index 0. */
export type Publications = readonly number[];

/** The sums of a ledger, over all connections. */
export interface LedgerSum {
  received: number;
  lost: number;
  duplicated: number;
  outOfOrder: number;
}

/**
 * A connection has to get every message that was published after it was open and long enough before it was cut. Clocks of
 * two processes may differ a little, and Redis tells the server of a message after the publisher has noted its time.
 *
 * @param marginMs messages so close to the beginning may arrive or not
 * @param graceMs messages so close to the end may arrive or not
 */
export function sumLedger(
  records: readonly ChurnRecord[],
  publications: readonly Publications[],
  marginMs: number,
  graceMs: number,
): LedgerSum {
  const sum: LedgerSum = { received: 0, lost: 0, duplicated: 0, outOfOrder: 0 };
  for (const record of records) {
    const times = publications[record.channel] ?? [];
    // Numbers from 1: the first that had to come, and the last.
    const due = firstAfter(times, record.openedAtMs + marginMs) + 1;
    const last = firstAfter(times, record.endedAtMs - graceMs);
    const from = record.first === 0 ? due : Math.min(due, record.first);
    const to = Math.max(last, record.highest);
    const unique = record.received - record.duplicates - record.outOfOrder;
    sum.received += record.received;
    sum.lost += Math.max(0, to - from + 1 - unique);
    sum.duplicated += record.duplicates;
    sum.outOfOrder += record.outOfOrder;
  }
  return sum;
}

/** Index of the first time that is later, in ascending times. */
function firstAfter(times: Publications, atMs: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (times[middle]! > atMs) high = middle;
    else low = middle + 1;
  }
  return low;
}
