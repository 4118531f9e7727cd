// Ports that nobody listens on, outside of the range from which the kernel takes source ports.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

const LOWEST = 12_000;

/** First port of the kernel's own range, /proc/sys/net/ipv4/ip_local_port_range; its default elsewhere. */
function firstEphemeralPort(): number {
  try {
    return Number.parseInt(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8'), 10);
  } catch {
    // Not Linux.
    return 32_768;
  }
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    // Exclusive, or a cluster's primary would be asked; on all addresses, as servers listen.
    server.listen({ port, host: '0.0.0.0', exclusive: true }, () => server.close(() => resolve(true)));
  });

/**
 * The first of `count` neighbouring free ports. It begins at a random place, so that runs side by side rarely meet.
 *
 * @throws {Error} where no such range is found
 */
export async function freePorts(count: number): Promise<number> {
  const end = Math.min(firstEphemeralPort(), 32_768);
  const room = end - count - LOWEST;
  if (room <= 0)
    throw new Error(`no room for ${count} ports between ${LOWEST} and ${end}, the first ephemeral port`);
  const offset = Math.floor(Math.random() * room);
  let free = 0;
  for (let i = 0; i < room + count; i++) {
    const port = LOWEST + ((offset + i) % (room + count));
    free = port === LOWEST ? 0 : free;
    free = (await isFree(port)) ? free + 1 : 0;
    if (free === count) return port - count + 1;
  }
  throw new Error(`no ${count} neighbouring ports are free between ${LOWEST} and ${end}`);
}
