// A process that loads the binding, listens, and makes one WebSocket round trip; prints its Node version and what came.
import WebSocket from 'ws';
import { createLogger } from '../../server/logger.js';
import { loadBinding } from '../../server/worker/binding.js';

const binding = loadBinding(
  createLogger('silent', true, () => {}),
  8192,
);
binding
  .App()
  .ws('/*', { open: (ws) => void ws.send('hello') })
  .listen('127.0.0.1', 0, (socket) => {
    if (socket === false) throw new Error('cannot listen');
    const client = new WebSocket(`ws://127.0.0.1:${binding.us_socket_local_port(socket)}/x`);
    client.once('message', (data) => {
      process.stdout.write(`${process.version} ${data}\n`, () => process.exit(0));
    });
  });
