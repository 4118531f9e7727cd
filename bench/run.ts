// One run of one server: what scenarios measure with.
import { setTimeout as sleep } from 'node:timers/promises';
import type { TlsTrust } from '../client/connection/host-tls.js';
import type { LoadCounts } from '../client/load/load-counts.js';
import { type LoadTask, splitLoad } from '../client/load/load-plan.js';
import { usableCores } from '../server/host/host.js';
import { Load } from './load/load.js';
import type { Progress } from './progress.js';
import type { RedisProcess } from './redis-process.js';
import type { ScenarioOptions } from './scenario-options.js';
import type { Server } from './server.js';

const COUNT_EVERY_MS = 100;
const SAMPLE_EVERY_MS = 500;
/** Connecting is over when nothing has changed for this long. */
const STALL_MS = 35_000;

/** What a server did within half a second. */
export interface Sample {
  /** Seconds since the run began. */
  readonly atSeconds: number;
  readonly connections: number;
  /** CPU of all server processes, in cores. */
  readonly serverCores: number;
}

/** How many connections, and which of the load's options differ from the usual. */
export interface LoadShape {
  readonly connections: number;
  /** The channel's name with `{n}` for the number of the connection. */
  readonly channel: string;
  readonly pingIntervalMs?: number;
  /** True to begin all handshakes at once. */
  readonly isStorm?: boolean;
}

/** The outcome of connecting. */
export interface Connected {
  readonly counts: LoadCounts;
  /** From the first attempt until the last connection was open. */
  readonly seconds: number;
}

/** What a scenario measures with. */
export class Run {
  readonly options: ScenarioOptions;
  readonly server: Server;
  readonly redis: RedisProcess | undefined;
  readonly signal: AbortSignal;
  readonly samples: Sample[] = [];
  readonly #progress: Progress;
  readonly #connectionsPerProcess: number;
  readonly #tls: TlsTrust | undefined;
  readonly #loads: Load[] = [];
  readonly #startedMs = performance.now();
  readonly #sampling: NodeJS.Timeout;
  #connected = 0;

  constructor(parts: {
    options: ScenarioOptions;
    server: Server;
    redis: RedisProcess | undefined;
    signal: AbortSignal;
    progress: Progress;
    connectionsPerProcess: number;
    /** For connections over TLS. */
    tls: TlsTrust | undefined;
  }) {
    this.options = parts.options;
    this.server = parts.server;
    this.redis = parts.redis;
    this.signal = parts.signal;
    this.#progress = parts.progress;
    this.#connectionsPerProcess = parts.connectionsPerProcess;
    this.#tls = parts.tls;
    this.#sampling = this.#sample();
  }

  /** Says what is going on. */
  say(text: string): void {
    this.#progress.say(text);
  }

  /** Waits; Ctrl-C ends the wait. */
  async wait(seconds: number): Promise<void> {
    await sleep(seconds * 1000, undefined, { signal: this.signal });
    this.server.assertRunning();
  }

  /** Starts load processes for so many connections. */
  newLoad(connections: number): Load {
    const { connectionsPerPort, firstPort } = this.server;
    const tasks = this.#tasks({ connections, channel: '' }, firstPort, connectionsPerPort);
    const load = new Load(tasks.length);
    this.#loads.push(load);
    return load;
  }

  /**
   * Makes the connections; resolves when each is open or has failed.
   *
   * @throws {Error} where none could be made
   */
  async connect(load: Load, shape: LoadShape): Promise<Connected> {
    const { firstPort, connectionsPerPort } = this.server;
    // The start of the load processes is not part of the time to connect.
    await load.ready();
    const startedAtMs = Date.now();
    const tasks = this.#tasks(shape, firstPort, connectionsPerPort);
    const atOnce = shape.isStorm === true ? tasks.length : usableCores();
    // The counts below reject when a process has ended.
    load.connect(tasks, shape.pingIntervalMs ?? 0, atOnce).catch(() => {});
    const others = this.#connected;
    let changedAtMs = startedAtMs;
    let done = 0;
    for (;;) {
      const counts = await load.counts();
      this.#connected = others + counts.connected;
      const why = counts.failed === 0 ? '' : ` (${JSON.stringify(counts.failures)})`;
      this.say(`connected ${counts.connected} of ${shape.connections}, failed ${counts.failed}${why}`);
      if (counts.made + counts.failed !== done) changedAtMs = Date.now();
      done = counts.made + counts.failed;
      if (done >= shape.connections || Date.now() - changedAtMs > STALL_MS) {
        if (counts.connected === 0) {
          throw new Error(`no connection could be made: ${JSON.stringify(counts.failures)}`);
        }
        const seconds = Math.max(1, counts.lastMadeAtMs - startedAtMs) / 1000;
        return { counts, seconds };
      }
      await this.wait(COUNT_EVERY_MS / 1000);
    }
  }

  /** Closes all connections of a load. */
  async cut(load: Load): Promise<void> {
    this.#connected -= (await load.counts()).connected;
    await load.cut();
  }

  /** The number of connections that the samples show. */
  setConnected(connections: number): void {
    this.#connected = connections;
  }

  /** Ends the load processes. Whoever started the server ends it. */
  async end(): Promise<void> {
    clearInterval(this.#sampling);
    await Promise.all(this.#loads.map((load) => load.stop()));
  }

  #tasks(shape: LoadShape, firstPort: number, connectionsPerPort: number): LoadTask[] {
    const tasks = splitLoad(
      {
        address: '127.0.0.1',
        host: '127.0.0.1',
        firstPort,
        connections: shape.connections,
        connectionsPerPort,
        channel: shape.channel,
        ratePerSecond: undefined,
        idleTimeoutMs: 0,
        reconnects: false,
        prints: false,
        tls: this.#tls,
      },
      Math.max(this.options.workers, usableCores()),
      this.#connectionsPerProcess,
    );
    return shape.isStorm === true ? tasks.map((task) => ({ ...task, maxConnecting: task.count })) : tasks;
  }

  #sample(): NodeJS.Timeout {
    let lastMs = this.#startedMs;
    let lastCpu = this.server.cpuSeconds;
    return setInterval(() => {
      const nowMs = performance.now();
      const cpu = this.server.cpuSeconds;
      this.samples.push({
        atSeconds: Math.round(nowMs - this.#startedMs) / 1000,
        connections: this.#connected,
        serverCores: ((cpu - lastCpu) * 1000) / (nowMs - lastMs),
      });
      lastMs = nowMs;
      lastCpu = cpu;
    }, SAMPLE_EVERY_MS);
  }
}
