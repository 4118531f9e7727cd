// Parses what the kernel writes in /proc and /sys/fs/cgroup. Pure functions of the text.

/** An inclusive span of ports. */
export interface PortSpan {
  readonly first: number;
  readonly last: number;
}

/** Soft and hard limit; Infinity means no limit. */
export interface Limit {
  readonly soft: number;
  readonly hard: number;
}

/** One line of /proc/self/cgroup; see cgroups(7). The line of version 2 names no controllers. */
export interface CgroupMembership {
  readonly controllers: readonly string[];
  readonly path: string;
}

/** The limit of open files in /proc/PID/limits (proc_pid_limits(5)); `undefined` if the line is missing. */
export function parseOpenFilesLimit(text: string): Limit | undefined {
  const match = /^Max open files\s+(\d+|unlimited)\s+(\d+|unlimited)/m.exec(text);
  if (match === null) return undefined;
  return { soft: numberOrUnlimited(match[1]!), hard: numberOrUnlimited(match[2]!) };
}

/** MemAvailable of /proc/meminfo (proc_meminfo(5)) in bytes; `undefined` if it is missing. */
export function parseMemoryAvailable(text: string): number | undefined {
  const match = /^MemAvailable:\s+(\d+) kB/m.exec(text);
  return match === null ? undefined : Number(match[1]) * 1024;
}

/** The numbers of a sysctl, such as `4096\t16384\t4194304`; NaN stands for anything else. */
export const parseNumbers = (text: string): number[] =>
  text
    .trim()
    .split(/\s+/)
    .filter((word) => word !== '')
    .map(Number);

/** A list of ports and spans, such as `6379,10000-11000`; an empty text gives an empty list. */
export function parsePortSpans(text: string): PortSpan[] {
  return text
    .trim()
    .split(',')
    .filter((item) => item !== '')
    .map((item) => {
      const [first, last] = item.split('-').map(Number);
      return { first: first!, last: last ?? first! };
    });
}

/** The parts of `wanted` that no span of `cover` includes. */
export function uncovered(wanted: PortSpan, cover: readonly PortSpan[]): PortSpan[] {
  let rest: PortSpan[] = [wanted];
  for (const span of cover) {
    rest = rest.flatMap(({ first, last }) => {
      if (span.last < first || span.first > last) return [{ first, last }];
      const parts: PortSpan[] = [];
      if (first < span.first) parts.push({ first, last: span.first - 1 });
      if (last > span.last) parts.push({ first: span.last + 1, last });
      return parts;
    });
  }
  return rest;
}

/** `10000-11000`, or `6379` for a single port: the notation of ip_local_reserved_ports. */
export const formatPortSpan = ({ first, last }: PortSpan): string =>
  first === last ? String(first) : `${first}-${last}`;

/** The lines of /proc/PID/cgroup. */
export function parseCgroups(text: string): CgroupMembership[] {
  return text
    .split('\n')
    .map((line) => /^\d+:([^:]*):(\/.*)$/.exec(line))
    .filter((match) => match !== null)
    .map(([, controllers, path]) => ({
      controllers: controllers!.split(',').filter((name) => name !== ''),
      path: path!,
    }));
}

/** Version 1 writes "no limit" as the highest possible multiple of the page size, near 2^63. */
const V1_UNLIMITED_BYTES = 2 ** 62;

/** A limit in a cgroup's file: a number, or `max`; `undefined` for anything else. */
export function parseCgroupLimit(text: string): number | undefined {
  const word = text.trim();
  if (word === 'max') return Number.POSITIVE_INFINITY;
  if (!/^\d+$/.test(word)) return undefined;
  const value = Number(word);
  return value >= V1_UNLIMITED_BYTES ? Number.POSITIVE_INFINITY : value;
}

/**
 * A CPU quota in cores: `50000 100000` is half a core. The numbers are the microseconds that a group may run in each
 * period, and the length of the period; see cpu.max (version 2) and cpu.cfs_quota_us (version 1) in the kernel's
 * documentation.
 *
 * @returns Infinity if there is no quota (`max` or -1), `undefined` if the text is not a quota
 */
export function parseCpuQuota(text: string): number | undefined {
  const match = /^(max|-1|\d+) (\d+)$/.exec(text.trim());
  if (match === null) return undefined;
  const [quota, period] = [Number(match[1]), Number(match[2])];
  if (!(quota >= 0)) return Number.POSITIVE_INFINITY;
  return period > 0 ? quota / period : undefined;
}

/**
 * Counts the processors that a process may be scheduled on and that are online.
 *
 * @param status text of /proc/self/status, whose Cpus_allowed_list may name processors that do not exist
 * @param online text of /sys/devices/system/cpu/online; the kernel writes lists of processors like lists of ports
 * @returns `undefined` if there is no such line
 */
export function countAllowedCpus(status: string, online: string): number | undefined {
  const allowed = /^Cpus_allowed_list:\s+([\d,-]+)$/m.exec(status)?.[1];
  if (allowed === undefined) return undefined;
  const size = (spans: readonly PortSpan[]) =>
    spans.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  const spans = parsePortSpans(allowed);
  return size(spans) - size(spans.flatMap((span) => uncovered(span, parsePortSpans(online))));
}

const numberOrUnlimited = (word: string): number =>
  word === 'unlimited' ? Number.POSITIVE_INFINITY : Number(word);
