// million: 1,000,000 connections, pinged over three intervals.
import type { LoadCounts } from '../../client/load/load-counts.js';
import type { Load } from '../load/load.js';
import { cpuMicros, machineMemory, perUnit, userMemory } from '../noise.js';
import { bytesPerSocket, kernelMemory, socketGrowth } from '../proc/kernel-memory.js';
import { availableBytes, systemFdsFree } from '../proc/machine.js';
import type { Run } from '../run.js';
import { curveOf, type Measurement, type Scenario } from '../scenario.js';
import type { ScenarioOptions } from '../scenario-options.js';

const INTERVAL_SECONDS = 60;
const INTERVALS = 3;
/** The memory of a connection in all, measured: 1 KB in the server, 3.9 KB in each of two sockets, 2.3 KB in the client. */
const BYTES_PER_CONNECTION = { own: 11_100, external: 4_900 };
/** The memory of a process besides its connections, as the PSS of one of many, and what is left for the rest of the machine. */
const BYTES_PER_PROCESS = 15_000_000;
const RESERVED_BYTES = 500_000_000;

export const million: Scenario = {
  name: 'million',
  summary: '1,000,000 connections, pinged every 60 s, over three intervals',
  defaults: { connections: 1_000_000, workers: 2, duration: INTERVALS * INTERVAL_SECONDS },
  figures: {
    connected: { name: 'connected', unit: 'connections', better: 'fact' },
    failed: { name: 'failed', unit: 'attempts', better: 'lower' },
    lost: { name: 'lost', unit: 'connections', better: 'lower' },
    connectSeconds: { name: 'time to connect', unit: 's', better: 'lower' },
    pings: { name: 'pings', unit: '1/s', better: 'fact' },
    missed: { name: 'pings missed', unit: 'pings', better: 'lower' },
    lagP99: { name: 'ping lag p99', unit: 'ms', better: 'lower' },
    lagMax: { name: 'ping lag max', unit: 'ms', better: 'lower' },
    cpuCores: { name: 'CPU of the server while pinging', unit: 'cores', better: 'lower' },
    cpuMicros: { name: 'CPU per ping', unit: 'µs', better: 'lower' },
    userGB: { name: 'memory: server processes', unit: 'GB', better: 'lower' },
    kernelGB: { name: 'memory: kernel, all sockets of this machine', unit: 'GB', better: 'lower' },
    clientGB: { name: 'memory: load processes', unit: 'GB', better: 'lower' },
    usedGB: { name: 'memory: used on this machine by the run', unit: 'GB', better: 'lower' },
    userBytes: { name: 'server processes, by connection', unit: 'B', better: 'lower' },
    kernelBytes: { name: 'kernel, by socket', unit: 'B', better: 'lower' },
  },
  usesRedis: false,
  pingSeconds: () => INTERVAL_SECONDS,
  sockets: ({ connections }) => connections,

  obstacle({ connections, load }: ScenarioOptions): string | undefined {
    const sockets = load === 'own' ? 2 * connections : connections;
    const processes = sockets / 19_000;
    const needed = connections * BYTES_PER_CONNECTION[load] + processes * BYTES_PER_PROCESS + RESERVED_BYTES;
    const available = availableBytes();
    if (needed > available) {
      return (
        `${connections} connections need about ${gigabytes(needed)} GB and ${gigabytes(available)} GB are available; ` +
        `give --connections ${Math.floor(((available - RESERVED_BYTES) / (needed - RESERVED_BYTES)) * connections)} or less`
      );
    }
    const fds = systemFdsFree();
    if (sockets > fds) {
      return `${sockets} sockets are needed and the system has ${fds} file descriptors left; raise fs.file-max`;
    }
    return undefined;
  },

  async measure(run: Run): Promise<Measurement> {
    const availableBefore = availableBytes();
    const earlier = kernelMemory();
    const userBefore = await run.server.settledBytes(run.signal);
    const before = kernelMemory();
    const load = run.options.load === 'own' ? run.newLoad(run.options.connections) : undefined;
    const made = load === undefined ? await arrivals(run) : await connectAll(run, load);
    await ready(run);

    const first = await look(run, load);
    await load?.take();
    const cpuBefore = run.server.cpuSeconds;
    const startMs = performance.now();
    let now = first;
    for (let elapsed = 0; elapsed < run.options.duration; elapsed = (performance.now() - startMs) / 1000) {
      await run.wait(Math.min(1, run.options.duration - elapsed));
      now = await look(run, load);
      run.setConnected(now.connected);
      run.say(`${now.connected} connected, ${elapsed.toFixed(0)} of ${run.options.duration} s`);
    }
    const seconds = (performance.now() - startMs) / 1000;
    const cpu = run.server.cpuSeconds - cpuBefore;
    const lag = (await load?.take())?.pingLag;
    const pings = now.pings - first.pings;

    const kernel = { earlier, before, after: kernelMemory() };
    const kernelGrowth = socketGrowth(kernel);
    const userAfter = await run.server.settledBytes(run.signal);
    const kernelBytes = bytesPerSocket(kernel);
    const processes = run.server.pids.length;
    return {
      values: {
        connected: now.connected,
        failed: made.failed,
        lost: made.connected - now.connected,
        connectSeconds: made.seconds,
        pings: pings / seconds,
        missed: Math.max(0, Math.round((now.connected * seconds * 0.99) / INTERVAL_SECONDS - pings)),
        lagP99: lag?.percentileMs(0.99),
        lagMax: lag?.maxMs,
        cpuCores: perUnit(cpuMicros(cpu, processes), seconds * 1e6),
        cpuMicros: perUnit(cpuMicros(cpu, processes), pings),
        userGB: userAfter / 1e9,
        kernelGB: kernelGrowth === undefined ? undefined : perUnit(kernelGrowth, 1e9),
        clientGB: load === undefined ? undefined : (await load.settledBytes(run.signal)) / 1e9,
        usedGB: perUnit(machineMemory(availableBefore - availableBytes()), 1e9),
        userBytes: perUnit(userMemory(userAfter - userBefore, processes), now.connected),
        kernelBytes,
      },
      ...(lag === undefined ? {} : { curves: [curveOf('ping lag', lag)] }),
    };
  },
};

interface Made {
  readonly connected: number;
  readonly failed: number | undefined;
  readonly seconds: number;
}

async function connectAll(run: Run, load: Load): Promise<Made> {
  const { counts, seconds } = await run.connect(load, {
    connections: run.options.connections,
    channel: 'c{n}',
    pingIntervalMs: INTERVAL_SECONDS * 1000,
  });
  return { connected: counts.connected, failed: counts.failed, seconds };
}

/** Waits for load clients elsewhere, until all connections are open or no new one has come for a minute. */
async function arrivals(run: Run): Promise<Made> {
  const { connections } = run.options;
  let first: number | undefined;
  let last = performance.now();
  let connected = 0;
  while (connected < connections && performance.now() - last < (first === undefined ? 1800 : 60) * 1000) {
    await run.wait(1);
    const now = (await look(run, undefined)).connected;
    if (now > connected) {
      last = performance.now();
      first ??= last;
    }
    connected = now;
    run.setConnected(connected);
    run.say(`waiting for clients: ${connected} of ${connections} connected`);
  }
  if (first === undefined) throw new Error('no client connected within 30 minutes');
  return { connected, failed: undefined, seconds: (last - first) / 1000 };
}

/** Waits until every connection has had a ping, from which its beat is known. */
async function ready(run: Run): Promise<void> {
  run.say('all are open; waiting one interval for the first pings');
  await run.wait(Math.min(INTERVAL_SECONDS, run.options.duration / INTERVALS));
}

/** Connections and pings so far: from the load where it runs here, else from the server. */
async function look(run: Run, load: Load | undefined): Promise<Pick<LoadCounts, 'connected' | 'pings'>> {
  if (load !== undefined) return load.counts();
  const stats = await run.server.stats();
  return { connected: stats?.connections ?? 0, pings: stats?.pings ?? 0 };
}

const gigabytes = (bytes: number): string => (bytes / 1e9).toFixed(1);
