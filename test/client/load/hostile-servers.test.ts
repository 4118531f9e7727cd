// Servers that break the protocol, or say nothing.
import { once } from 'node:events';
import t from 'tap';
import { onPort, onServer } from '../../harness/client-process.js';
import { rawServer, TestServer } from '../../harness/websocket-server.js';

t.test('hostile servers', async (t) => {
  const cases: [name: string, answer: string | Buffer, failure: RegExp][] = [
    ['garbage', Buffer.alloc(1000, 0xff), /not HTTP/],
    ['huge headers', `HTTP/1.1 101 x\r\n${'a: b\r\n'.repeat(5000)}`, /longer than 16384/],
    [
      'a wrong accept',
      'HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n',
      /wrong Sec-WebSocket-Accept/,
    ],
  ];
  await Promise.all(
    cases.map(async ([name, answer, failure]) => {
      const server = await rawServer((socket) => socket.once('data', () => socket.write(answer)));
      const client = onPort(server.port, 2);
      t.equal(await client.exited, 1, name);
      t.equal(client.summary.failed, 2, name);
      t.match(Object.keys(client.summary.failures).join(), failure);
      await server.close();
    }),
  );
  const resetting = await rawServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
  const reset = onPort(resetting.port, 2);
  t.equal(await reset.exited, 1);
  t.match(reset.summary, { failed: 2, failures: { ECONNRESET: 2 } });
  await resetting.close();

  const masked = await TestServer.listen((socket) => {
    const { _socket: raw } = socket as unknown as { _socket: NodeJS.WritableStream };
    raw.write(Buffer.from([0x81, 0x80, 0, 0, 0, 0]));
  });
  const client = onServer(masked, 2);
  t.equal(await client.exited, 1);
  t.match(client.summary, { lost: 2, closedByCode: { 1006: 2 }, failures: { MASKED: 2 } });
  await masked.close();
});

t.test('a silent connection is dead after the idle timeout, a pinged one is not', async (t) => {
  const server = await TestServer.listen((socket, path) => {
    if (path !== '/c0') return;
    const pinging = setInterval(() => socket.ping(), 100);
    socket.once('close', () => clearInterval(pinging));
  });
  const client = onServer(server, 3, '--idle-timeout', '1.5');
  await server.connections(3);
  const silent = [...server.server.clients].filter((_, i) => server.paths[i] !== '/c0');
  await Promise.all(silent.map((socket) => once(socket, 'close')));
  t.equal(await client.stop(), 1);
  t.match(client.summary, { connected: 1, lost: 2, failures: { 'idle timeout': 2 } });
  await server.close();
});
