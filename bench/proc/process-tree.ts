// Processes and their CPU time, from /proc (proc_pid_stat(5)).
import { readdirSync, readFileSync } from 'node:fs';

/** Clock ticks a second in /proc: USER_HZ, which is 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** What one line of /proc/PID/stat says. */
export interface ProcessStat {
  readonly pid: number;
  /** One letter; `Z` is a process that has ended and whose parent has not taken note. */
  readonly state: string;
  readonly parent: number;
  /** utime + stime of all threads, seconds; its resolution is 10 ms. */
  readonly cpuSeconds: number;
}

/** @param text of /proc/PID/stat; the name in it may hold spaces and brackets */
export function parseStat(text: string): ProcessStat {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return {
    pid: Number.parseInt(text, 10),
    state: fields[0]!,
    parent: Number(fields[1]),
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
  };
}

/** The text of a file of /proc, undefined where its process is gone. */
export function readOfProcess(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

/** Of every process of this machine. */
export function allStats(): ProcessStat[] {
  const stats: ProcessStat[] = [];
  for (const name of readdirSync('/proc')) {
    const text = /^\d+$/.test(name) ? readOfProcess(`/proc/${name}/stat`) : undefined;
    if (text !== undefined) stats.push(parseStat(text));
  }
  return stats;
}

/** The roots that live and everything below them. */
export function processTree(roots: readonly number[], stats: readonly ProcessStat[] = allStats()): number[] {
  const tree = new Set(stats.filter(({ pid }) => roots.includes(pid)).map(({ pid }) => pid));
  for (let size = -1; size !== tree.size; ) {
    size = tree.size;
    for (const { pid, parent } of stats) if (tree.has(parent)) tree.add(pid);
  }
  return [...tree];
}

/** CPU time of processes so far, seconds; the ones that are gone count 0. */
export function cpuSecondsOf(pids: readonly number[]): number {
  let seconds = 0;
  for (const pid of pids) {
    const text = readOfProcess(`/proc/${pid}/stat`);
    if (text !== undefined) seconds += parseStat(text).cpuSeconds;
  }
  return seconds;
}
