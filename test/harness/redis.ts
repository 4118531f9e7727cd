// A real Redis on a free port, that can be killed and started again.
import { createClient } from 'redis';
import type { Certificate } from '../../bench/certificate.js';
import { redisArguments } from '../../bench/redis-process.js';
import type { Send } from './ledger.js';
import { freePorts } from './ports.js';
import { TestProcess } from './processes.js';
import type { Teardown } from './server.js';

/** How a Redis of a test differs from a plain one. */
export interface RedisPlace {
  /** More of its flags. */
  flags?: readonly string[];
  /** It speaks TLS alone. */
  tls?: Certificate;
  /** Of the default user. */
  password?: string;
}

export class TestRedis {
  readonly port: number;
  process: TestProcess;
  readonly #place: RedisPlace;

  constructor(port: number, process: TestProcess, place: RedisPlace) {
    this.port = port;
    this.process = process;
    this.#place = place;
  }

  /** As the default user. */
  get url(): string {
    return this.urlAs('', this.#place.password);
  }

  urlAs(user: string, password = ''): string {
    const login = user === '' && password === '' ? '' : `${user}:${password}@`;
    return `${this.#place.tls === undefined ? 'redis' : 'rediss'}://${login}127.0.0.1:${this.port}`;
  }

  /** Asks as an administrator; an array or a string, as Redis answers it. */
  async command(...words: string[]): Promise<unknown> {
    const client = this.#client();
    await client.connect();
    try {
      return await client.sendCommand(words);
    } finally {
      client.destroy();
    }
  }

  /**
   * Makes a user with a password of its name, or changes it.
   *
   * @param rules of ACL SETUSER, such as `+@all` and `&news*`
   * @returns the URL for it
   */
  async user(name: string, ...rules: string[]): Promise<string> {
    await this.command('ACL', 'SETUSER', name, 'on', `>${name}`, ...rules);
    return this.urlAs(name, name);
  }

  /** Publishes as any Redis client does; the number of subscribers that Redis counted. */
  async publish(channel: string | Buffer, ...messages: (string | Buffer)[]): Promise<number> {
    const client = this.#client();
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
    this.process = await launch(this.port, this.#place);
  }

  #client() {
    const tls = this.#place.tls && ({ tls: true, ca: this.#place.tls.pem } as const);
    return createClient({ url: this.url, RESP: 2, socket: { ...tls } });
  }
}

async function launch(port: number, { flags = [], tls, password = '' }: RedisPlace): Promise<TestProcess> {
  // The last of two arguments of one name counts.
  const listen =
    tls === undefined
      ? []
      : [
          ...['--port', '0', '--tls-port', String(port), '--tls-auth-clients', 'no'],
          ...['--tls-cert-file', tls.certFile, '--tls-key-file', tls.keyFile],
          ...['--tls-ca-cert-file', tls.certFile],
        ];
  const more = ['--requirepass', password, ...flags];
  const process = new TestProcess('redis-server', [...redisArguments(port), ...listen, ...more]);
  await process.line(/Ready to accept connections/);
  return process;
}

/** Starts a Redis for this test. */
export async function startRedis(t: Teardown, place: RedisPlace = {}): Promise<TestRedis> {
  const port = await freePorts(1);
  const redis = new TestRedis(port, await launch(port, place), place);
  t.teardown(() => redis.process.stop());
  return redis;
}
