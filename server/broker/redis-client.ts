// One connection to Redis. The client never reconnects: `RedisLink` decides that.
import { createClient } from 'redis';

export type RedisClient = ReturnType<typeof createClient>;

/** For TCP and TLS. It is shorter than the timeout of the whole setup, so the error shows which step took too long. */
const CONNECT_TIMEOUT_MS = 4000;

/** Creates a client that is not connected yet, and does not keep the process alive. */
export function newRedisClient(url: string): RedisClient {
  const client = createClient({
    url,
    RESP: 2,
    disableOfflineQueue: true,
    // Its errors would be swallowed, including the reason why Redis refuses the connection.
    disableClientInfo: true,
    // Commands have our own deadlines where they need one.
    commandOptions: { timeout: 0 },
    socket: { connectTimeout: CONNECT_TIMEOUT_MS, reconnectStrategy: false },
  }) as RedisClient;
  client.unref();
  return client;
}
