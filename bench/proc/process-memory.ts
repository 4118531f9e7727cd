// User memory of processes: PSS, in which a page that several processes share counts once.
import { setTimeout as sleep } from 'node:timers/promises';
import { readOfProcess } from './process-tree.js';

const LOOK_EVERY_MS = 400;
/** How long it may take until the memory no longer changes. */
const SETTLE_TIMEOUT_MS = 15_000;
/** It no longer changes when it changes by less than this share over so many looks in a row. */
const STILL_SHARE = 0.005;
const STILL_LOOKS = { collected: 2, byItself: 8 };

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
 * The PSS once it no longer changes, or as it is after 15 s.
 *
 * @param collects true for Node processes that have bench/collect-garbage.ts loaded; other collectors choose their own time
 */
export async function settledPssBytes(
  pidsNow: () => readonly number[],
  collects: boolean,
  signal: AbortSignal,
): Promise<number> {
  const until = performance.now() + SETTLE_TIMEOUT_MS;
  const looks = collects ? STILL_LOOKS.collected : STILL_LOOKS.byItself;
  let last = 0;
  for (let still = 0; still < looks && performance.now() < until; ) {
    const pids = pidsNow();
    if (collects) for (const pid of pids.filter(catchesSignal)) process.kill(pid, 'SIGUSR2');
    await sleep(LOOK_EVERY_MS, undefined, { signal });
    const now = pssBytesOf(pids);
    still = Math.abs(now - last) <= STILL_SHARE * last ? still + 1 : 0;
    last = now;
  }
  return last;
}

/** @param text of /proc/PID/status; true where the process has a handler for SIGUSR2, signal 12 */
export function parseCatches(text: string): boolean {
  const mask = /^SigCgt:\s+([0-9a-f]+)$/m.exec(text)?.[1] ?? '0';
  return (BigInt(`0x${mask}`) & (1n << 11n)) !== 0n;
}

/** A process that has just started, or is about to end, has no handler, and the signal would kill it. */
const catchesSignal = (pid: number): boolean => parseCatches(readOfProcess(`/proc/${pid}/status`) ?? '');
