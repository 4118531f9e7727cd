// Checks a host against a load, with one row for each thing that can fall short. Pure except for what Host reads.
import { type HostLoad, hostSettings } from '../../sysctl/requirements.js';
import { portCount } from '../command/option.js';
import { formatBytes, formatCount, formatNumber } from '../command/quantity.js';
import { unbroken } from '../command/text-table.js';
import { OWN_FILES } from '../host/fd-limit.js';
import type { Host } from '../host/host.js';
import { formatPortSpan, type PortSpan } from '../host/proc-text.js';
import type { ServerOptions } from '../options/server-options.js';
import { type Capacity, capacity, roomPerWorker, workersForFiles } from '../plan/capacity.js';
import { CPU_SHARE, THREADS_PER_PROCESS } from '../plan/costs.js';
import { portRangeRow, type Row, settingRow, unread } from './setting-check.js';

/** Connections that a host is checked for by default. */
export const DEFAULT_CONNECTIONS = 1_000_000;

/** The options that affect what the host needs. */
export type CheckedOptions = Pick<
  ServerOptions,
  'ports' | 'tlsPorts' | 'workers' | 'maxConnections' | 'adminPort' | 'redis' | 'pingInterval'
>;

/**
 * Runs every check that needs no network, in the order in which an operator should fix them.
 *
 * @param connections that the host should hold, in all workers together
 */
export function checkHost(host: Host, options: CheckedOptions, connections: number): Row[] {
  const model = modelOf(host, options, connections);
  const load = hostLoad(options, connections, model);
  return [
    ...(process.platform === 'linux' ? [procRow(host)] : []),
    openFilesRow(host, options, connections, model),
    ...hostSettings.flatMap((setting) =>
      setting.needed === undefined ? [] : [settingRow(host, setting, setting.needed(load), load)],
    ),
    portRangeRow(host, options.workers),
    memoryRow(host, model),
    cgroupRow(host, 'memory', model.memoryBytes.high, formatBytes),
    cgroupRow(host, 'pids', (2 * options.workers + 1) * THREADS_PER_PROCESS, formatCount),
    coresRow(host, model),
    workersRow(host, options, connections, model),
  ];
}

export const listenersOf = ({ ports, tlsPorts }: CheckedOptions): number =>
  portCount(ports) + portCount(tlsPorts);

/** Open files that each process may have; Infinity if the limit cannot be read. */
export function hardLimit(host: Host): number {
  const limit = host.openFiles();
  return 'value' in limit ? limit.value.hard : Number.POSITIVE_INFINITY;
}

/** Connections that the limit of open files allows in one worker. */
export const connectionsByFiles = (host: Host, options: CheckedOptions): number =>
  Math.max(0, roomPerWorker({ openFiles: hardLimit(host), ports: listenersOf(options) }));

function modelOf(host: Host, options: CheckedOptions, connections: number): Capacity {
  const load = {
    connections,
    pingIntervalSeconds: options.pingInterval,
    messagesPerSecond: 0,
    fanout: 0,
    messageBytes: 0,
    channels: 'own',
    tls: false,
  } as const;
  return capacity(
    load,
    { openFiles: hardLimit(host), ports: listenersOf(options), maxConnections: options.maxConnections },
    undefined,
    options.workers,
  );
}

function hostLoad(options: CheckedOptions, connections: number, model: Capacity): HostLoad {
  return {
    connections,
    filesPerWorker: model.filesPerWorker,
    filesInAll: model.filesInAll,
    listeners: options.workers * listenersOf(options),
    ports: ownPorts(options).map(formatPortSpan),
  };
}

/** Ports that the server listens on, and the port of Redis if it runs on this host. */
function ownPorts(options: CheckedOptions): PortSpan[] {
  const listeners = [options.ports, options.tlsPorts].filter((range) => portCount(range) > 0);
  const ports: PortSpan[] = [...listeners, { first: options.adminPort, last: options.adminPort }];
  if (options.redis === undefined) return ports;
  const url = new URL(options.redis);
  if (!/^(localhost|127\..*|\[::1\])$/.test(url.hostname)) return ports;
  const port = url.port === '' ? 6379 : Number(url.port);
  return [...ports, { first: port, last: port }];
}

/** Files that the processes read while they run. Without them the server works, but its metrics have gaps. */
const PROC_FILES = ['self/status', 'self/limits', 'self/fd', 'net/sockstat', 'net/netstat'];

function procRow(host: Host): Row {
  const missing = PROC_FILES.filter((path) => !host.isReadable(`proc/${path}`));
  return {
    check: '/proc',
    status: missing.length === 0 ? 'ok' : 'short',
    found: missing.length === 0 ? 'readable' : `not readable: ${missing.join(', ')}`,
    needed: 'readable',
    why: 'without these files the metrics are rough for memory, and 0 for open files and TCP',
    fix:
      missing.length === 0
        ? ''
        : `${unbroken('mount -t proc proc /proc')} (systemd: remove ProcSubset=pid; container: do not mask /proc)`,
  };
}

function openFilesRow(host: Host, options: CheckedOptions, connections: number, model: Capacity): Row {
  const check = 'open files of a process';
  const needed = unbroken(`≥ ${formatCount(model.filesPerWorker)}`);
  const listeners = listenersOf(options);
  const held = model.filesPerWorker - listeners - OWN_FILES;
  const why =
    `the limit (ulimit -n) applies to each worker; the kernel spreads connections unevenly, so the fullest of ${options.workers} ` +
    `needs files for ${formatCount(held)} connections, ${formatCount(listeners)} listeners and ${OWN_FILES} of its own; ` +
    'raise the limit for good with sysctl/limits.conf, or with LimitNOFILE in the unit';
  const limit = host.openFiles();
  if (!('value' in limit)) return unread(check, limit.unreadable, needed, why);
  const { soft, hard } = limit.value;
  // The soft limit does not matter: Node raises it to the hard limit at start.
  const found = `soft ${formatCount(soft)}, hard ${formatCount(hard)}`;
  if (hard >= model.filesPerWorker) return { check, status: 'ok', found, needed, why, fix: '' };
  const raise = unbroken(`prlimit --nofile=${model.filesPerWorker} 10m-server`);
  return {
    check,
    status: 'short',
    found,
    needed,
    why,
    fix: `${aroundFiles(host, options, connections)}; or, as root: ${raise}`,
  };
}

/** How to stay within the present limit of open files. */
function aroundFiles(host: Host, options: CheckedOptions, connections: number): string {
  const openFiles = hardLimit(host);
  const workers = workersForFiles(connections, { openFiles, ports: listenersOf(options) });
  if (workers === Number.POSITIVE_INFINITY)
    return 'give fewer --ports: their listeners alone use up the limit';
  const each = formatCount(Math.ceil(connections / workers));
  return `${unbroken(`10m-server --workers ${workers}`)} stays within the limit (${each} connections each)`;
}

function memoryRow(host: Host, model: Capacity): Row {
  const check = 'memory';
  const needed = formatBytes(model.memoryBytes.high);
  const why = `${formatBytes(model.userBytes.high)} for the workers and ${formatBytes(model.kernelBytes.high)} for the kernel, by the capacity model`;
  const available = host.memoryAvailableBytes();
  if (!('value' in available)) return unread(check, available.unreadable, needed, why);
  const found = `${formatBytes(available.value)} available`;
  const isEnough = available.value >= model.memoryBytes.high;
  const fix = isEnough
    ? ''
    : `fewer connections or more memory: ${unbroken('10m-server plan --memory BYTES --cores N')}`;
  return { check, status: isEnough ? 'ok' : 'short', found, needed, why, fix };
}

const setProperty = (property: string): string =>
  unbroken(`systemctl set-property 10m-server.service ${property}`);

const CGROUP_WORDS = {
  memory: {
    why: 'the memory of the workers and their sockets counts in the control group, which kills processes at its limit',
    fix: (needed: number) => setProperty(`MemoryMax=${Math.ceil(needed)}`),
  },
  pids: {
    why: `each process has ${THREADS_PER_PROCESS} threads, and a rolling restart doubles the workers`,
    fix: (needed: number) => setProperty(`TasksMax=${needed}`),
  },
};

function cgroupRow(
  host: Host,
  kind: 'memory' | 'pids',
  need: number,
  format: (value: number) => string,
): Row {
  const check = `cgroup ${kind}`;
  const { why, fix } = CGROUP_WORDS[kind];
  const limit = host.cgroupLimit(kind);
  if (!('value' in limit)) return unread(check, limit.unreadable, format(need), why);
  const isEnough = limit.value >= need;
  return {
    check,
    status: isEnough ? 'ok' : 'short',
    found: format(limit.value),
    needed: format(need),
    why,
    fix: isEnough ? '' : `${fix(need)} (container: raise its memory and pids limits)`,
  };
}

/** A quota that is too low stops all processes for the rest of each period, even those of quiet workers. */
function coresRow(host: Host, model: Capacity): Row {
  const needed = Math.max(1, Math.ceil(model.busyCores.high / CPU_SHARE));
  const reading = host.cgroupLimit('cpu');
  const quota = 'value' in reading ? reading.value : Number.POSITIVE_INFINITY;
  const isQuota = quota <= host.cores;
  const found = Math.min(host.cores, quota);
  const isEnough = found >= needed;
  const fix = isQuota
    ? `${setProperty(`CPUQuota=${100 * needed}%`)} (container: raise its CPU limit)`
    : 'more cores or machines, or a longer --ping-interval';
  return {
    check: 'cores',
    status: isEnough ? 'ok' : 'short',
    found: isQuota ? `${formatNumber(found)} by the CPU quota` : String(found),
    needed: String(needed),
    why:
      `${formatCount(model.pingsPerSecond)} pings a second, and a reserve for storms; messages are not included, see 10m-server plan` +
      (isQuota ? '; once the CPU quota is used up, all processes stop until its next period' : ''),
    fix: isEnough ? '' : fix,
  };
}

function workersRow(host: Host, options: CheckedOptions, connections: number, model: Capacity): Row {
  const byFiles = workersForFiles(connections, { openFiles: hardLimit(host), ports: listenersOf(options) });
  // If the listeners alone use up the limit, no number of workers helps; the row of open files says so.
  const forFiles = byFiles === Number.POSITIVE_INFINITY ? 1 : byFiles;
  const most = Math.max(host.cores, forFiles);
  const least = Math.min(forFiles, options.workers);
  const tooFew = forFiles > options.workers && model.filesPerWorker > hardLimit(host);
  const tooMany = options.workers > most;
  return {
    check: 'workers',
    status: tooFew || tooMany ? 'short' : 'ok',
    found: `${options.workers} on ${host.cores} ${host.cores === 1 ? 'core' : 'cores'}`,
    needed: tooFew
      ? `${formatCount(forFiles)} or more`
      : least === most
        ? String(most)
        : `${least} to ${most}`,
    why: tooFew
      ? 'with fewer workers, the fullest one would exceed the limit of open files'
      : 'more workers than cores, or than the open files require, only cost memory and Redis output',
    fix: tooFew || tooMany ? unbroken(`10m-server --workers ${most}`) : '',
  };
}
