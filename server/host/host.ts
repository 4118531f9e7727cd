// Reads what the checks need to know about the host from /proc and /sys/fs/cgroup, below a root that tests can replace.
import { accessSync, constants, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import {
  type CgroupMembership,
  countAllowedCpus,
  type Limit,
  parseCgroupLimit,
  parseCgroups,
  parseCpuQuota,
  parseMemoryAvailable,
  parseOpenFilesLimit,
} from './proc-text.js';

/** A value that was read, or why it could not be read. */
export type Reading<T> = { readonly value: T } | { readonly unreadable: string; readonly isMissing: boolean };

/** The limits of a control group that affect a server: bytes, processes and threads, cores. */
export type CgroupLimit = 'memory' | 'pids' | 'cpu';

/** The limits and resources of a host. Nothing throws: a value that cannot be read says why. */
export interface Host {
  /** Cores that the processes of a server may keep busy, at least 1. A CPU quota counts in cores, rounded up. */
  readonly cores: number;
  /** The value of a key such as `fs.file-max`, its numbers separated by single spaces. */
  sysctl(key: string): Reading<string>;
  /** Open files of this process (RLIMIT_NOFILE), which workers inherit. */
  openFiles(): Reading<Limit>;
  /** Memory that is available to new processes without swapping. */
  memoryAvailableBytes(): Reading<number>;
  /** The lowest limit of this process's control group and the groups above it; Infinity if there is none. */
  cgroupLimit(kind: CgroupLimit): Reading<number>;
  /** Whether a file or folder, such as `proc/self/status`, can be read. */
  isReadable(path: string): boolean;
}

/** The files of each limit in both versions of control groups, and the parser of their contents, joined by a space. */
const LIMIT_FILES = {
  memory: { v1: ['memory.limit_in_bytes'], v2: ['memory.max'], parse: parseCgroupLimit },
  pids: { v1: ['pids.max'], v2: ['pids.max'], parse: parseCgroupLimit },
  cpu: { v1: ['cpu.cfs_quota_us', 'cpu.cfs_period_us'], v2: ['cpu.max'], parse: parseCpuQuota },
} as const;

/**
 * Cores that the processes of a server or a load client may keep busy. Node's own availableParallelism() takes a CPU
 * quota into account only in some versions, rounds it down, and misses the quota of a group above.
 */
export const usableCores = (): number => liveHost().cores;

/**
 * @param root the folder that holds `proc` and `sys`
 * @param processors number that this process may be scheduled on; read from the host by default
 */
export function liveHost(root = '/', processors?: number): Host {
  const read = (path: string): Reading<string> => {
    try {
      return { value: readFileSync(join(root, path), 'utf8') };
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
      const isMissing = code === 'ENOENT';
      const reason = isMissing ? 'does not exist in this kernel, container or network namespace' : code;
      return { unreadable: `/${path}: ${reason}`, isMissing };
    }
  };
  const cgroupLimit = (kind: CgroupLimit): Reading<number> => {
    const groups = parsed(read('proc/self/cgroup'), parseCgroups);
    if (!('value' in groups)) return groups;
    const limits = groups.value
      .flatMap((group) => cgroupFolders(group, kind))
      .flatMap(({ folder, files }) => {
        const readings = files.map((file) => read(join(folder, file)));
        const text = readings.map((reading) => ('value' in reading ? reading.value.trim() : '')).join(' ');
        return LIMIT_FILES[kind].parse(text) ?? [];
      });
    return { value: Math.min(Number.POSITIVE_INFINITY, ...limits) };
  };
  const allowedCpus = (): number => {
    const status = read('proc/self/status');
    const online = read('sys/devices/system/cpu/online');
    const counted =
      'value' in status && 'value' in online ? countAllowedCpus(status.value, online.value) : undefined;
    return counted ?? availableParallelism();
  };
  const quota = cgroupLimit('cpu');
  const quotaCores = 'value' in quota ? Math.ceil(quota.value) : Number.POSITIVE_INFINITY;
  return {
    cores: Math.max(1, Math.min(processors ?? allowedCpus(), quotaCores)),
    sysctl: (key) =>
      parsed(read(`proc/sys/${key.replaceAll('.', '/')}`), (text) => text.trim().replace(/\s+/g, ' ')),
    openFiles: () => parsed(read('proc/self/limits'), parseOpenFilesLimit),
    memoryAvailableBytes: () => parsed(read('proc/meminfo'), parseMemoryAvailable),
    cgroupLimit,
    isReadable(path) {
      try {
        accessSync(join(root, path), constants.R_OK);
        return true;
      } catch {
        return false;
      }
    },
  };
}

/** The folders whose files may limit a group: its own, and those above it. A container often sees only the top one. */
function cgroupFolders({ controllers, path }: CgroupMembership, kind: CgroupLimit) {
  if (controllers.length > 0 && !controllers.includes(kind)) return [];
  const isV2 = controllers.length === 0;
  // Controllers that are mounted together have one folder named after all of them, and usually a link for each of them.
  const mounts = isV2 ? ['', 'unified'] : [...new Set([kind, controllers.join(',')])];
  const files = LIMIT_FILES[kind][isV2 ? 'v2' : 'v1'];
  return mounts.flatMap((mount) =>
    lineage(path).map((group) => ({ folder: join('sys/fs/cgroup', mount, group), files })),
  );
}

/** `/a/b` → `/a/b`, `/a`, `/`. */
function lineage(path: string): string[] {
  return path === '/' ? ['/'] : [path, ...lineage(dirname(path))];
}

function parsed<T>(reading: Reading<string>, parse: (text: string) => T | undefined): Reading<T> {
  if (!('value' in reading)) return reading;
  const value = parse(reading.value);
  return value === undefined
    ? {
        unreadable: `not understood: ${JSON.stringify(reading.value.trim().slice(0, 40))}`,
        isMissing: false,
      }
    : { value };
}
