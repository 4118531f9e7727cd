// An HTTP server of the test's own, for the parts of the admin listener.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Teardown } from './server.js';

/** A server on a free port of loopback. */
export async function serveHttp(
  t: Teardown,
  handle: (request: IncomingMessage, response: ServerResponse) => unknown,
): Promise<{ server: Server; port: number; url: string }> {
  const server = createServer((request, response) => void handle(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { server, port, url: `http://127.0.0.1:${port}/` };
}
