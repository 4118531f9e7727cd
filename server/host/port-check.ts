// Checks that all ports of a range are free. With SO_REUSEPORT, two servers would share a port silently.
import { createServer } from 'node:net';
import type { PortRange } from '../command/option.js';

/** Ports that are tried at the same time; each takes a file descriptor. */
const AT_ONCE = 256;

/** A port that cannot be listened on. */
export class PortError extends Error {
  readonly code = 'PORT';
}

/**
 * Binds every port of the range exclusively, and releases it.
 *
 * @throws {PortError} that names the first port that cannot be bound, and why
 */
export async function checkPorts(host: string, ports: PortRange): Promise<void> {
  for (let first = ports.first; first <= ports.last; first += AT_ONCE) {
    const count = Math.min(AT_ONCE, ports.last - first + 1);
    await Promise.all(Array.from({ length: count }, (_, i) => checkPort(host, first + i)));
  }
}

function checkPort(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => reject(new PortError(explain(host, port, error))));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve()));
  });
}

/** Explains in one line why a port cannot be listened on. */
export function explain(host: string, port: number, error: NodeJS.ErrnoException): string {
  const where = `cannot listen on ${host} port ${port}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return `${where}: something else holds it; find it with: ss -tanp 'sport = :${port}'`;
    case 'EACCES':
      return `${where}: ports below 1024 need the capability CAP_NET_BIND_SERVICE`;
    case 'EADDRNOTAVAIL':
      return `${where}: this machine does not have that address`;
    default:
      return `${where}: ${error.message}`;
  }
}
