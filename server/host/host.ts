// The live host as the checks see it: a thin reader of /proc and /sys/fs/cgroup below a root that tests replace.
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import {
  type CgroupMembership,
  type Limit,
  parseCgroupLimit,
  parseCgroups,
  parseMemoryAvailable,
  parseOpenFilesLimit,
} from './proc-text.js';

/** What was read, or why it could not be. */
export type Reading<T> = { readonly value: T } | { readonly unreadable: string; readonly isMissing: boolean };

/** Limits of a control group that bear on a server. */
export type CgroupLimit = 'memory' | 'pids';

/** The host's limits and means. Nothing throws: what cannot be read says why. */
export interface Host {
  readonly cores: number;
  /** The value of a key such as `fs.file-max`, its numbers separated by single spaces. */
  sysctl(key: string): Reading<string>;
  /** Open files of this process (RLIMIT_NOFILE), which workers inherit. */
  openFiles(): Reading<Limit>;
  /** What new processes can have without swapping. */
  memoryAvailableBytes(): Reading<number>;
  /** The least limit of this process's control group and those above it; Infinity where there is none. */
  cgroupLimit(kind: CgroupLimit): Reading<number>;
}

const V1_FILES = { memory: 'memory.limit_in_bytes', pids: 'pids.max' } as const;
const V2_FILES = { memory: 'memory.max', pids: 'pids.max' } as const;

/**
 * @param root the folder that holds `proc` and `sys`
 * @param cores processors that this process may use
 */
export function liveHost(root = '/', cores: number = availableParallelism()): Host {
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
  return {
    cores,
    sysctl: (key) =>
      parsed(read(`proc/sys/${key.replaceAll('.', '/')}`), (text) => text.trim().replace(/\s+/g, ' ')),
    openFiles: () => parsed(read('proc/self/limits'), parseOpenFilesLimit),
    memoryAvailableBytes: () => parsed(read('proc/meminfo'), parseMemoryAvailable),
    cgroupLimit(kind) {
      const groups = parsed(read('proc/self/cgroup'), parseCgroups);
      if (!('value' in groups)) return groups;
      const limits = groups.value
        .flatMap((group) => cgroupFiles(group, kind))
        .map((path) => parsed(read(path), parseCgroupLimit))
        .flatMap((reading) => ('value' in reading ? [reading.value] : []));
      return { value: Math.min(Number.POSITIVE_INFINITY, ...limits) };
    },
  };
}

/** The files that may limit a group: its own, and those of every group above it. Containers often see the top only. */
function cgroupFiles({ controllers, path }: CgroupMembership, kind: CgroupLimit): string[] {
  if (controllers.length > 0 && !controllers.includes(kind)) return [];
  const isV2 = controllers.length === 0;
  const folders = isV2 ? ['sys/fs/cgroup', 'sys/fs/cgroup/unified'] : [`sys/fs/cgroup/${kind}`];
  const file = isV2 ? V2_FILES[kind] : V1_FILES[kind];
  return folders.flatMap((folder) => lineage(path).map((group) => join(folder, group, file)));
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
