// User memory of processes: PSS, in which a page that several processes share counts once.

import { setTimeout as sleep } from 'node:timers/promises';
import { readOfProcess } from './process-tree.js';

const lookEveryMs = 400;
/** How long it may take until the memory stands still. */
const settleTimeoutMs = 15_000;
/** Still: less than this share of change over this many looks in a row. */
const stillShare = 0.005;
const stillLooks = 4;

/** @param text of /proc/PID/smaps_rollup (man proc_pid_smaps); returns bytes */
export function parsePss(text: string): number {
  return Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) * 1024;
}

/** PSS of all processes together, bytes. */
export function pssBytesOf(pids: readonly number[]): number {
  let bytes = 0;
  for (const pid of pids) bytes += parsePss(readOfProcess(`/proc/${pid}/smaps_rollup`) ?? '');
  return bytes;
}

/**
 * The PSS once it stands still, or as it is after 15 s.
 *
 * @param collects true for Node processes that have bench/collect-garbage.ts loaded; other collectors keep their own time
 */
export async function settledPssBytes(
  pids: readonly number[],
  collects: boolean,
  signal: AbortSignal,
): Promise<number> {
  const until = performance.now() + settleTimeoutMs;
  let last = 0;
  for (let still = 0; still < stillLooks && performance.now() < until; ) {
    if (collects) for (const pid of pids) process.kill(pid, 'SIGUSR2');
    await sleep(lookEveryMs, undefined, { signal });
    const now = pssBytesOf(pids);
    still = Math.abs(now - last) <= stillShare * last ? still + 1 : 0;
    last = now;
  }
  return last;
}
