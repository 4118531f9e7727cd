// Ports that nobody listens on. Where possible they are not in the range that the kernel takes source ports from.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { parseNumbers } from '../server/host/proc-text.js';

const LOWEST = 12_000;
/** The first source port of a kernel with default settings. */
const USUAL_FIRST_SOURCE_PORT = 32_768;

/** The first port of /proc/sys/net/ipv4/ip_local_port_range (ip(7)). */
function firstSourcePort(): number {
  try {
    return parseNumbers(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8'))[0]!;
  } catch {
    // Not Linux.
    return USUAL_FIRST_SOURCE_PORT;
  }
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    // Exclusive, because a cluster's primary would be asked otherwise; on all addresses, as servers listen.
    server.listen({ port, host: '0.0.0.0', exclusive: true }, () => server.close(() => resolve(true)));
  });

/**
 * The first of `count` neighbouring free ports. The search begins at a random place, so that runs side by side rarely meet.
 *
 * @param firstSource the first port that the kernel takes for outgoing connections. Where it leaves no room, as on a
 *   machine that is set up for load clients, the ports are taken from that range
 * @throws {Error} where no such range is found
 */
export async function freePorts(count: number, firstSource = firstSourcePort()): Promise<number> {
  const hasRoom = firstSource - LOWEST > count;
  const end = hasRoom ? Math.min(firstSource, USUAL_FIRST_SOURCE_PORT) : USUAL_FIRST_SOURCE_PORT;
  const room = end - count - LOWEST;
  if (room <= 0) throw new Error(`no room for ${count} ports between ${LOWEST} and ${end}`);
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
