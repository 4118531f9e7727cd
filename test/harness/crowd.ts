// Clients that come back whenever they are closed, each with its share in a ledger.
import type { Ledger } from './ledger.js';
import type { TestServer } from './server.js';
import { drop, open, openMany, type TestConnection } from './sockets.js';

/** How a client waits before it comes back. */
type Wait = (reason: string) => Promise<void>;

/** At once and again, whatever it meets. */
const atOnce: Wait = async () => {};

/** A random time from the window that the server's hint names. */
export const asHinted: Wait = async (reason) => {
  const [, min, max] = /^retry=(\d+)-(\d+)$/.exec(reason) ?? [];
  const seconds = Number(min ?? 0) + Math.random() * (Number(max ?? 0) - Number(min ?? 0));
  await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
};

/** A crowd on some channels of one server. */
export class Crowd {
  /** Every connection that ever stood. */
  readonly connections: TestConnection[] = [];
  /** How each of them ended that has. */
  readonly codes: number[] = [];
  readonly #server: TestServer;
  readonly #ledger: Ledger;
  readonly #wait: Wait;
  #isLeaving = false;

  constructor(server: TestServer, ledger: Ledger, wait: Wait = atOnce) {
    this.#server = server;
    this.#ledger = ledger;
    this.#wait = wait;
  }

  /** Opens so many connections, spread over the channels. */
  async join(count: number, channels: readonly string[]): Promise<void> {
    const channelOf = (i: number) => channels[i % channels.length]!;
    const joined = await openMany(count, (i) => this.#server.url(channelOf(i)));
    for (const [i, connection] of joined.entries()) this.#take(channelOf(i), connection);
  }

  /** Those that stand now. */
  get standing(): readonly TestConnection[] {
    return this.connections.filter(({ socket }) => socket.readyState === socket.OPEN);
  }

  leave(): void {
    this.#isLeaving = true;
    drop(this.connections);
  }

  #take(channel: string, connection: TestConnection): void {
    this.#ledger.join(channel, connection);
    this.connections.push(connection);
    void connection.closed.then(async ({ code, reason }) => {
      this.codes.push(code);
      await this.#wait(reason);
      while (!this.#isLeaving) {
        const again = await open(this.#server.url(channel)).catch(() => undefined);
        if (again !== undefined) return this.#take(channel, again);
      }
    });
  }
}
