// A server under measurement: it is started on free ports, observed through /proc, and stopped.
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { withoutFlags } from '../server/command/environment.js';
import type { Certificate } from './certificate.js';
import { Child, waitUntil } from './child-process.js';
import { freePorts } from './free-ports.js';
import { settledPssBytes } from './proc/process-memory.js';
import { cpuSecondsOf, processTree } from './proc/process-tree.js';
import { commandTemplate, fillTemplate } from './server-command.js';

const START_TIMEOUT_MS = 60_000;
/** For servers whose pings cannot be turned off: longer than any run. */
const NO_PING_SECONDS = 86_400;
/**
 * Connections to one port. From this machine: the kernel first tries source ports of one parity, 14,116 by default, and
 * looks at all of them for each further connection (measured: 4 ms instead of 0.05). From elsewhere: as in the article.
 */
const CONNECTIONS_PER_PORT = { local: 12_000, external: 50_000 };

/** What a run asks of a server. */
export interface ServerNeed {
  readonly connections: number;
  /** The most sockets that may be open at once, where a server does not notice that clients have gone. */
  readonly sockets: number;
  readonly workers: number;
  /** Whole seconds; 0 is off. */
  readonly pingSeconds: number;
  readonly redisPort: number | undefined;
  readonly connectionsPerProcess: number;
  /** For TLS on all ports. */
  readonly certificate: Certificate | undefined;
  /** The first port, where machines elsewhere connect; otherwise free ports are used. */
  readonly firstPort?: number;
}

/** Lets Node processes and their children collect garbage on demand; nothing to others. The flags of this process are not theirs. */
const ENVIRONMENT = {
  ...withoutFlags(process.env),
  NODE_OPTIONS:
    `${process.env['NODE_OPTIONS'] ?? ''} --import=${new URL('collect-garbage.js', import.meta.url)}`.trim(),
};

/** A server that accepts connections. */
export class Server {
  readonly firstPort: number;
  readonly connectionsPerPort: number;
  /** True for Node, where garbage can be collected on demand. */
  readonly #collects: boolean;
  readonly #children: readonly Child[];
  readonly #adminPort: number | undefined;

  constructor(children: readonly Child[], firstPort: number, connectionsPerPort: number, adminPort?: number) {
    this.firstPort = firstPort;
    this.connectionsPerPort = connectionsPerPort;
    this.#children = children;
    this.#adminPort = adminPort;
    this.#collects = children[0]?.name === process.execPath;
  }

  /** All its present processes. */
  get pids(): number[] {
    return processTree(this.#children.map(({ pid }) => pid));
  }

  /** utime + stime of all its processes so far, seconds. */
  get cpuSeconds(): number {
    return cpuSecondsOf(this.pids);
  }

  /** The text of /metrics, undefined where the server has none. Resets the event-loop delays in it. */
  async metrics(): Promise<string | undefined> {
    if (this.#adminPort === undefined) return undefined;
    const response = await fetch(`http://127.0.0.1:${this.#adminPort}/metrics`);
    return response.text();
  }

  /** Connections and pings so far, as /stats tells them; undefined where the server has none. */
  async stats(): Promise<{ readonly connections: number; readonly pings: number } | undefined> {
    if (this.#adminPort === undefined) return undefined;
    const response = await fetch(`http://127.0.0.1:${this.#adminPort}/stats`);
    return (await response.json()) as { connections: number; pings: number };
  }

  /** PSS of all its processes, bytes, once it no longer changes. */
  settledBytes(signal: AbortSignal): Promise<number> {
    return settledPssBytes(() => this.pids, this.#collects, signal);
  }

  /** @throws {Error} with its output, if one of its processes has ended by itself */
  assertRunning(): void {
    for (const child of this.#children) child.assertRunning();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#children.map((child) => child.stop()));
  }
}

/** Starts 10m-server, and waits until every worker listens and hears the broker. */
export async function startProduct(need: ServerNeed, signal: AbortSignal): Promise<Server> {
  const perPort = need.firstPort === undefined ? CONNECTIONS_PER_PORT.local : CONNECTIONS_PER_PORT.external;
  const ports = Math.ceil(need.connections / perPort);
  const firstPort = need.firstPort ?? (await freePorts(ports));
  const adminPort = await freePorts(1);
  const range = `${firstPort}-${firstPort + ports - 1}`;
  const flags = {
    ...portFlags(range, need.certificate),
    workers: need.workers,
    'admin-port': adminPort,
    'ping-interval': need.pingSeconds,
    'log-level': 'warn',
    ...(need.redisPort === undefined ? {} : { redis: `redis://127.0.0.1:${need.redisPort}` }),
  };
  const program = fileURLToPath(new URL('../server/main.js', import.meta.url));
  const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = new Child(process.execPath, [program, ...args], ENVIRONMENT);
  return whenReady([child], async () => {
    const isReady = async () => {
      child.assertRunning();
      const response = await fetch(`http://127.0.0.1:${adminPort}/readyz`, { signal }).catch(() => undefined);
      return response?.status === 200;
    };
    await waitUntil('10m-server is ready', START_TIMEOUT_MS, signal, isReady);
    return new Server([child], firstPort, perPort, adminPort);
  });
}

const portFlags = (range: string, certificate: Certificate | undefined): Record<string, string> =>
  certificate === undefined
    ? { ports: range }
    : {
        ports: 'none',
        'tls-ports': range,
        'tls-cert': certificate.certFile,
        'tls-key': certificate.keyFile,
      };

/** Starts another server: as many processes as the limit on open files makes necessary, each on a port of its own. */
export async function startOther(against: string, need: ServerNeed, signal: AbortSignal): Promise<Server> {
  const instances = Math.ceil(need.sockets / need.connectionsPerProcess);
  const firstPort = await freePorts(instances);
  const template = commandTemplate(against);
  const children = Array.from({ length: instances }, (_, i) => {
    const [program = '', ...args] = fillTemplate(template, {
      port: firstPort + i,
      ports: 1,
      redis: `127.0.0.1:${need.redisPort ?? 1}`,
      ping: need.pingSeconds === 0 ? NO_PING_SECONDS : need.pingSeconds,
    });
    return new Child(program, args, ENVIRONMENT);
  });
  return whenReady(children, async () => {
    for (const [i, child] of children.entries()) {
      await waitUntil(`${child.name} listens`, START_TIMEOUT_MS, signal, () => {
        child.assertRunning();
        return accepts(firstPort + i);
      });
    }
    return new Server(children, firstPort, Math.ceil(need.connections / instances));
  });
}

/** Leaves nothing running when a start fails or is interrupted. */
async function whenReady(children: readonly Child[], wait: () => Promise<Server>): Promise<Server> {
  try {
    return await wait();
  } catch (error) {
    for (const child of children) child.kill();
    throw error;
  }
}

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.resetAndDestroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
