// When connections of the load client come back, and what counts as lost.
import { once } from 'node:events';
import t from 'tap';
import type { WebSocket } from 'ws';
import { onPort, onServer } from '../../harness/client-process.js';
import { rawServer, TestServer } from '../../harness/websocket-server.js';

t.test('--reconnect comes back within the hint, and nothing is lost', async (t) => {
  const cut: WebSocket[] = [];
  const server = await TestServer.listen((socket) => {
    if (cut.length === 10) return;
    cut.push(socket);
    socket.close(1012, 'retry=0.2-0.4');
  });
  const startedAtMs = Date.now();
  const client = onServer(server, 10, '--reconnect');
  await server.connections(20);
  t.ok(Date.now() - startedAtMs >= 200);
  t.equal(await client.stop(), 0);
  t.match(client.summary, { connected: 10, lost: 0, reconnects: 10, closedByCode: { 1012: 10 } });
  await server.close();
});

t.test('--reconnect waits for a server that comes later, and forgives no reset', async (t) => {
  const closing = await rawServer((socket) => socket.resetAndDestroy());
  const client = onPort(closing.port, 2, '--reconnect');
  await once(closing.server, 'connection');
  await closing.close();
  let resets = 0;
  const server = await TestServer.listen((socket) => {
    if (resets++ < 2) socket.terminate();
  }, closing.port);
  await server.connections(4);
  t.equal(await client.stop(), 1);
  t.match(client.summary, { connected: 2, lost: 2, reconnects: 2, closedByCode: { 1006: 2 } });
  await server.close();
});

t.test('one that did not come back is lost', async (t) => {
  let left = 2;
  const server = await TestServer.listen((socket) => {
    socket.on('close', () => --left === 0 && server.server.emit('all'));
    socket.close(1001, 'retry=600-600');
  });
  const client = onServer(server, 2, '--reconnect');
  await once(server.server, 'all');
  t.equal(await client.stop(), 1);
  t.match(client.summary, { connected: 0, lost: 2, reconnects: 0 });
  await server.close();
});

t.test('--reconnect comes back after 429 and 503 too, and not before their Retry-After', async (t) => {
  for (const status of [429, 503]) {
    const times: number[] = [];
    const server = await rawServer((socket) =>
      socket.once('data', () => {
        if (times.push(performance.now()) > 1) server.server.emit('again');
        else socket.end(`HTTP/1.1 ${status} Later\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n`);
      }),
    );
    const again = once(server.server, 'again');
    const client = onPort(server.port, 1, '--reconnect');
    await again;
    t.ok(times[1]! - times[0]! >= 999, `${times[1]! - times[0]!} ms`);
    t.equal(await client.stop(), 1);
    t.match(client.summary, { failed: 1, failures: { [`HTTP ${status}`]: 1 } });
    await server.close();
  }
});

t.test('--reconnect does not ask again who refuses for good', async (t) => {
  const server = await rawServer((socket) =>
    socket.once('data', () => socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n')),
  );
  const client = onPort(server.port, 2, '--reconnect');
  t.equal(await client.exited, 1, 'it ends by itself');
  t.match(client.summary, { failed: 2, failures: { 'HTTP 403': 2 } });
  await server.close();
});
