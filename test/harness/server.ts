// A real 10m-server on free ports.
import { fileURLToPath } from 'node:url';
import { metricTotal } from '../../bench/metrics-text.js';
import { cpuSecondsOf } from '../../bench/proc/process-tree.js';
import type { Stats } from '../../server/primary/stats.js';
import { freePorts } from './ports.js';
import { TestProcess } from './processes.js';

export const serverMain = fileURLToPath(new URL('../../server/main.js', import.meta.url));

/** What a test can be torn down with, such as tap's test object. */
export interface Teardown {
  teardown(run: () => unknown): void;
}

const LOOPBACK = '127.0.0.1';
/** Asked for by servers whose admin listener is not on loopback. */
const TOKEN = 'test';
const AUTHORIZATION = { Authorization: `Bearer ${TOKEN}` };

/** A running server and how to ask it. */
export class TestServer {
  readonly process: TestProcess;
  readonly port: number;
  readonly adminPort: number;
  readonly #address: string;

  constructor(process: TestProcess, port: number, adminPort: number, address: string) {
    this.process = process;
    this.port = port;
    this.adminPort = adminPort;
    this.#address = address;
  }

  url(channel: string, port = this.port): string {
    return `ws://${this.#address}:${port}/${channel}`;
  }

  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`http://${this.#address}:${this.adminPort}${path}`, { headers: AUTHORIZATION, ...init });
  }

  /** Publishes over HTTP; the status of the answer. */
  async publish(channel: string, body: string | Uint8Array): Promise<number> {
    const response = await this.fetch(`/publish/${channel}`, { method: 'POST', body });
    await response.arrayBuffer();
    return response.status;
  }

  async stats(): Promise<Stats> {
    return (await (await this.fetch('/stats')).json()) as Stats;
  }

  async readyReason(): Promise<string | undefined> {
    const response = await this.fetch('/readyz');
    const body = (await response.json()) as { reason?: string };
    return response.status === 200 ? undefined : body.reason;
  }

  /** The value of a metric, summed over the label sets that the line's labels contain. */
  async metric(name: string, labels = ''): Promise<number> {
    return metricOf(await (await this.fetch('/metrics')).text(), name, labels);
  }

  /** Polls until a condition holds; the test's own time limit is the limit. */
  async until(condition: () => Promise<boolean>): Promise<void> {
    while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 25));
  }

  async untilReady(): Promise<void> {
    await this.until(async () => (await this.readyReason()) === undefined);
  }

  /** User and system time of all processes of the server so far, in seconds. */
  async cpuSeconds(): Promise<number> {
    return cpuSecondsOf([this.process.pid, ...(await this.stats()).workers.map(({ pid }) => pid)]);
  }
}

/** The sum of a metric's samples in a Prometheus exposition; 0 where it has none. */
export const metricOf = (exposition: string, name: string, labels = ''): number =>
  metricTotal(exposition, name, labels) ?? 0;

export interface ServerPlace {
  ports?: number;
  waitReady?: boolean;
  environment?: Record<string, string>;
  /** Where the test reaches the server. */
  address?: string;
  /** The command that the server is started by, such as `ip netns exec NAME`. */
  under?: readonly string[];
  /** The program, where it is another copy than this one. */
  main?: string;
  /** Where its standard error goes, for tests of that. */
  stderr?: number;
}

const hostFlags = (address: string): string[] =>
  address === LOOPBACK
    ? ['--host', LOOPBACK]
    : ['--host', '0.0.0.0', '--admin-host', address, '--admin-token', TOKEN];

/** Starts a server with one port and an admin port that are free, and waits until it is ready. */
export async function startServer(
  t: Teardown,
  args: readonly string[] = [],
  {
    ports = 1,
    waitReady = true,
    environment = {},
    address = LOOPBACK,
    under = [],
    main = serverMain,
    stderr,
  }: ServerPlace = {},
): Promise<TestServer> {
  const first = await freePorts(ports + 1);
  const range = `${first}-${first + ports - 1}`;
  const all = ['--ports', range, '--admin-port', String(first + ports), ...hostFlags(address), ...args];
  const [command, ...rest] = [...under, 'node', main, ...all];
  const process = new TestProcess(command!, rest, environment, stderr);
  t.teardown(() => process.stop());
  const server = new TestServer(process, first, first + ports, address);
  if (stderr === undefined) await process.line(/"serving"/);
  else await server.until(async () => (await server.stats().catch(() => undefined)) !== undefined);
  if (waitReady) await server.untilReady();
  return server;
}
