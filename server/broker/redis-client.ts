// One connection to Redis. What becomes of it is for `RedisLink` to decide: the client never connects anew by itself.
import { createClient } from 'redis';

export type RedisClient = ReturnType<typeof createClient>;

/** For TCP and TLS; shorter than the time for all of a connection, so that it is known what took too long. */
const CONNECT_TIMEOUT_MS = 4000;

/** A client that is not connected yet, and will hold no process open. */
export function newRedisClient(url: string): RedisClient {
  const client = createClient({
    url,
    RESP: 2,
    disableOfflineQueue: true,
    // Its errors are swallowed, and with them why Redis refuses the connection.
    disableClientInfo: true,
    // Commands have deadlines of our own, where they need one.
    commandOptions: { timeout: 0 },
    socket: { connectTimeout: CONNECT_TIMEOUT_MS, reconnectStrategy: false },
  }) as RedisClient;
  client.unref();
  return client;
}
