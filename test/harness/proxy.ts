// A TCP proxy that can do what networks do: go silent in either direction, cut, and lead elsewhere.
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { freePorts } from './ports.js';
import type { Teardown } from './server.js';

/** `up` is what clients send, `down` what they are sent. */
export type Direction = 'up' | 'down';

interface Pair {
  readonly client: Socket;
  readonly upstream: Socket;
  readonly silent: Set<Direction>;
}

/** The proxy; connections that were silenced stay so for good, as with a firewall that has forgotten them. */
export class TestProxy {
  readonly port: number;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  readonly #silent = new Set<Direction>();
  #upstreamPort: number;
  /** Connections taken so far. */
  accepted = 0;
  /** How long new connections wait until they are led on. */
  slowMs = 0;

  constructor(port: number, upstreamPort: number) {
    this.port = port;
    this.#upstreamPort = upstreamPort;
    this.#server = createServer((client) => {
      this.accepted++;
      client.on('error', () => {});
      setTimeout(() => this.#join(client), this.slowMs);
    }).listen(port, '127.0.0.1');
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async listening(): Promise<void> {
    await once(this.#server, 'listening');
  }

  /** From now on takes bytes of these directions and passes none on; new connections too, until {@link heal}. */
  silence(...directions: Direction[]): void {
    for (const direction of directions) {
      this.#silent.add(direction);
      for (const { silent } of this.#pairs) silent.add(direction);
    }
  }

  /** New connections are served again. */
  heal(): void {
    this.#silent.clear();
  }

  /** Resets every connection. */
  cut(): void {
    for (const { client, upstream } of this.#pairs) {
      client.resetAndDestroy();
      upstream.resetAndDestroy();
    }
  }

  /** Leads new connections to another port; those that stand are reset. */
  moveTo(upstreamPort: number): void {
    this.#upstreamPort = upstreamPort;
    this.cut();
  }

  close(): void {
    this.#server.close();
    this.cut();
  }

  #join(client: Socket): void {
    const upstream = connect(this.#upstreamPort, '127.0.0.1');
    const pair: Pair = { client, upstream, silent: new Set(this.#silent) };
    this.#pairs.add(pair);
    const leave = () => {
      this.#pairs.delete(pair);
      client.destroy();
      upstream.destroy();
    };
    upstream.on('error', () => {});
    for (const [from, to, direction] of [
      [client, upstream, 'up'],
      [upstream, client, 'down'],
    ] as const) {
      from.on('close', leave);
      from.on('data', (bytes) => {
        if (!pair.silent.has(direction)) to.write(bytes);
      });
    }
  }
}

/** Starts a proxy before a port of this host. */
export async function startProxy(t: Teardown, upstreamPort: number): Promise<TestProxy> {
  const proxy = new TestProxy(await freePorts(1), upstreamPort);
  await proxy.listening();
  t.teardown(() => proxy.close());
  return proxy;
}
