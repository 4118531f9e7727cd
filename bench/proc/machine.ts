// The machine that the figures were measured on.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { connectionsPerProcess } from '../../client/load/fd-limit.js';
import { packageVersion } from '../../server/command/command-line.js';
import { usableCores } from '../../server/host/host.js';
import { parseMemoryAvailable, parseNumbers } from '../../server/host/proc-text.js';

/** A machine, and the software on it. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly kernel: string;
  readonly node: string;
  readonly version: string;
  /** The commit of the clone that runs, with `+` after it where files differ; undefined outside of a clone. */
  readonly commit: string | undefined;
  /** How many connections the limit on open files allows in one process. */
  readonly connectionsPerProcess: number;
}

export const thisMachine = (): Machine => ({
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: usableCores(),
  memoryBytes: totalmem(),
  kernel: release(),
  node: process.version,
  version: packageVersion,
  commit: commitOfClone(),
  connectionsPerProcess: connectionsPerProcess(),
});

function commitOfClone(): string | undefined {
  const git = (...args: string[]): string =>
    execFileSync('git', args, {
      cwd: fileURLToPath(new URL('../../..', import.meta.url)),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  try {
    return `${git('rev-parse', '--short=12', 'HEAD')}${git('status', '--porcelain', '-uno') === '' ? '' : '+'}`;
  } catch {
    // There is no git, or npm has installed the package: the version is enough.
    return undefined;
  }
}

/** Memory that programs can still have, bytes. */
export const availableBytes = (): number => parseMemoryAvailable(readFileSync('/proc/meminfo', 'utf8')) ?? 0;

/** File descriptors that the system can still open (proc_sys_fs(5), file-nr). */
export function systemFdsFree(): number {
  const [used = 0, , most = 0] = parseNumbers(readFileSync('/proc/sys/fs/file-nr', 'utf8'));
  return most - used;
}
