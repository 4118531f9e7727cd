// A real Redis on a free port, that can be killed and started again.
import { createClient } from 'redis';
import type { Send } from './ledger.js';
import { freePorts } from './ports.js';
import { TestProcess } from './processes.js';
import type { Teardown } from './server.js';

export class TestRedis {
  readonly port: number;
  process: TestProcess;

  constructor(port: number, process: TestProcess) {
    this.port = port;
    this.process = process;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Publishes as any Redis client does; the number of subscribers that Redis counted. */
  async publish(channel: string | Buffer, ...messages: (string | Buffer)[]): Promise<number> {
    const client = createClient({ url: this.url, RESP: 2 });
    await client.connect();
    const counts = await Promise.all(messages.map((message) => client.publish(channel, message)));
    await client.close();
    return counts[0] ?? 0;
  }

  /**
   * A publisher with a connection of its own, which it makes anew when it is lost. It writes in the order of the calls.
   *
   * @param workers that Redis has to count, at least, for clients to be owed a message
   */
  async sender(t: Teardown, workers: number): Promise<Send> {
    const client = createClient({
      url: this.url,
      RESP: 2,
      disableOfflineQueue: true,
      // A command waits for its turn as long as a flood takes.
      commandOptions: { timeout: 0 },
      socket: { reconnectStrategy: 50 },
    });
    client.on('error', () => {});
    await client.connect();
    t.teardown(() => client.destroy());
    return async (channel, text) => (await client.publish(channel, text)) >= workers;
  }

  async restart(): Promise<void> {
    await this.process.stop();
    this.process = await launch(this.port);
  }
}

async function launch(port: number): Promise<TestProcess> {
  const process = new TestProcess('redis-server', [
    '--port',
    String(port),
    '--save',
    '',
    '--bind',
    '127.0.0.1',
  ]);
  await process.line(/Ready to accept connections/);
  return process;
}

/** Starts a Redis for this test. */
export async function startRedis(t: Teardown): Promise<TestRedis> {
  const port = await freePorts(1);
  const redis = new TestRedis(port, await launch(port));
  t.teardown(() => redis.process.stop());
  return redis;
}
