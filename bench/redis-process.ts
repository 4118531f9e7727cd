// A Redis for the benchmark alone, and its publisher.
import { createClient } from 'redis';
import { Child, waitUntil } from './child-process.js';
import { freePorts } from './free-ports.js';

const START_TIMEOUT_MS = 10_000;

/** The arguments of a redis-server on loopback that writes no file. */
export const redisArguments = (port: number): string[] => [
  '--port',
  String(port),
  '--bind',
  '127.0.0.1',
  '--save',
  '',
  '--appendonly',
  'no',
];

/** A running redis-server without persistence, on a free port. */
export class RedisProcess {
  readonly port: number;
  readonly #child: Child;
  readonly #client: ReturnType<typeof createClient>;

  private constructor(port: number, child: Child, client: ReturnType<typeof createClient>) {
    this.port = port;
    this.#child = child;
    this.#client = client;
  }

  /** @throws {Error} where redis-server is not installed or does not start */
  static async start(signal: AbortSignal): Promise<RedisProcess> {
    const port = await freePorts(1);
    const child = new Child('redis-server', redisArguments(port));
    const client = createClient({
      url: `redis://127.0.0.1:${port}`,
      RESP: 2,
      socket: { reconnectStrategy: () => 50 },
    }) as ReturnType<typeof createClient>;
    // Connections are refused while it starts. Later, a failed publication rejects.
    client.on('error', () => {});
    void client.connect().catch(() => {});
    try {
      await waitUntil('redis-server answers', START_TIMEOUT_MS, signal, () => {
        child.assertRunning();
        return client.isReady;
      });
    } catch (error) {
      client.destroy();
      child.kill();
      throw error;
    }
    return new RedisProcess(port, child, client);
  }

  /** Resolves when Redis has accepted the message. Calls in one turn of the event loop are sent together. */
  async publish(channel: string, message: string): Promise<void> {
    await this.#client.publish(channel, message);
  }

  /** Waits for this many subscribed connections. */
  async waitForSubscribers(count: number, signal: AbortSignal): Promise<void> {
    await waitUntil(`${count} subscriptions in Redis`, START_TIMEOUT_MS, signal, async () => {
      const list = await this.#client.sendCommand(['CLIENT', 'LIST', 'TYPE', 'pubsub']);
      return String(list).trim().split('\n').filter(Boolean).length >= count;
    });
  }

  async stop(): Promise<void> {
    this.#client.destroy();
    await this.#child.stop();
  }
}
