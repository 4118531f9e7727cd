// The memory that a process shares with no other process.
import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * RssAnon of /proc/self/status (proc_pid_status(5)) in bytes: resident pages that no file backs, so without the code
 * that all workers share. It costs 0.03 ms at any size; the proportional share (smaps_rollup) would walk every page.
 * Without /proc it is the peak resident size (getrusage(2)).
 */
export function ownMemoryBytes(): number {
  try {
    const match = /^RssAnon:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'));
    if (match !== null) return Number(match[1]) * 1024;
  } catch {
    // No /proc. process.memoryUsage() would read /proc too, and throw.
  }
  return process.resourceUsage().maxRSS * 1024;
}

/** Runs a full garbage collection; loading the code leaves about 8 MB behind. V8 returns the pages on another thread. */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  setFlagsFromString('--no-expose-gc');
  collect();
}
