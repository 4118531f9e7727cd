// Ctrl-C ends `subscribe` at every moment, with exit 0.
import { once } from 'node:events';
import t from 'tap';
import { ClientProcess } from '../../harness/client-process.js';
import { freePorts } from '../../harness/ports.js';
import { rawServer, TestServer } from '../../harness/websocket-server.js';

t.test('while the handshake waits for its answer', async (t) => {
  const server = await rawServer(() => {});
  const client = new ClientProcess('subscribe', `ws://127.0.0.1:${server.port}/a`);
  await once(server.server, 'connection');
  t.equal(await client.stop(), 0);
  await server.close();
});

t.test('while it waits to reconnect', async (t) => {
  const server = await TestServer.listen((socket) => socket.close(1012, 'retry=600-600'));
  const client = new ClientProcess('subscribe', `ws://127.0.0.1:${server.port}/a`);
  await client.until(({ stderr }) => stderr.includes('reconnecting in 600.0 s'));
  t.equal(await client.stop(), 0);
  await server.close();
});

t.test('while nobody listens', async (t) => {
  const client = new ClientProcess('subscribe', `ws://127.0.0.1:${await freePorts(1)}/a`);
  await client.until(({ stderr }) => stderr.includes('reconnecting'));
  t.equal(await client.stop(), 0);
});

t.test('beside one that stands, and with a server that answers no close frame', async (t) => {
  const silent = await rawServer(() => {});
  const server = await TestServer.listen();
  const urls = [silent.port, server.port].map((port) => `ws://127.0.0.1:${port}/a`);
  const client = new ClientProcess('subscribe', ...urls);
  await client.until(({ stderr }) => stderr.includes('connected'));
  for (const socket of server.server.clients) socket.pause();
  t.equal(await client.stop(), 0);
  await silent.close();
  await server.close();
});

t.test('a signal that comes twice at once is one: npx and timeout(1) send two', async (t) => {
  const server = await TestServer.listen();
  const client = new ClientProcess('subscribe', `ws://127.0.0.1:${server.port}/a`);
  await client.until(({ stderr }) => stderr.includes('connected'));
  client.interrupt();
  client.interrupt();
  t.equal(await client.exited, 0);
  await server.close();
});
