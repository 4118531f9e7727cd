// The ends of a run: Ctrl-C at any moment, and load processes that are killed.
import { once } from 'node:events';
import t from 'tap';
import { childrenOf, isRunning, onPort, onServer } from '../../harness/client-process.js';
import { rawServer, TestServer } from '../../harness/websocket-server.js';

t.test('Ctrl-C to the whole group ends every process, also with a server that answers nothing', async (t) => {
  const server = await rawServer(() => {});
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const connections = new Promise<void>((resolve) => {
      let count = 0;
      server.server.on('connection', () => ++count === 8 && resolve());
    });
    const client = onPort(server.port, 8, '--workers', '4');
    await connections;
    const children = childrenOf(client.child.pid!);
    t.equal(children.length, 4);
    for (const pid of children) process.kill(pid, signal);
    client.child.kill(signal);
    t.equal(await client.exited, 1);
    t.equal(client.summary.connected, 0);
    t.same(children.filter(isRunning), []);
  }
  await server.close();
});

t.test(
  'a second Ctrl-C exits at once, and one within a second of the first is not a second one',
  async (t) => {
    const server = await TestServer.listen();
    const client = onServer(server, 1);
    await server.connections(1);
    const [child] = childrenOf(client.child.pid!);
    // A load process that stands still holds up the orderly end, for 10 s.
    process.kill(child!, 'SIGSTOP');
    const startedMs = performance.now();
    const interrupting = setInterval(() => client.interrupt(), 50);
    t.equal(await client.exited, 130);
    clearInterval(interrupting);
    t.ok(performance.now() - startedMs >= 1000);
    t.equal(isRunning(child!), false);
    await server.close();
  },
);

t.test('signals that come in pairs ask once: npx and timeout(1) send two', async (t) => {
  const server = await TestServer.listen();
  let runs = 0;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const client = onServer(server, 2);
    await server.connections(2 * ++runs);
    client.child.kill(signal);
    client.child.kill(signal);
    t.equal(await client.exited, 0, signal);
    t.equal(client.summary.connected, 2);
  }
  await server.close();
});

t.test('Ctrl-C while connections wait to come back, and while nobody listens', async (t) => {
  const server = await TestServer.listen((socket) => socket.close(1013, 'retry=600-600'));
  const waiting = onServer(server, 2, '--reconnect');
  await server.connections(2);
  t.equal(await waiting.stop(), 1);
  t.match(waiting.summary, { connected: 0, lost: 2, closedByCode: { 1013: 2 } });
  await server.close();

  const resetting = await rawServer((socket) => socket.resetAndDestroy());
  const refused = onPort(resetting.port, 2, '--reconnect', '--rate', '1');
  await once(resetting.server, 'connection');
  t.equal(await refused.stop(), 1);
  t.equal(refused.summary.connected, 0);
  await resetting.close();
});

t.test('load processes do not outlive a parent that is killed', async (t) => {
  const server = await TestServer.listen();
  const client = onServer(server, 4, '--workers', '2');
  await server.connections(4);
  const closed = [...server.server.clients].map((socket) => once(socket, 'close'));
  client.child.kill('SIGKILL');
  t.equal(await client.exited, null);
  await Promise.all(closed);
  await server.close();
});

t.test('a load process that is killed is told of, and what it held is lost', async (t) => {
  const server = await TestServer.listen();
  const client = onServer(server, 4, '--workers', '2');
  await server.connections(4);
  const [first] = childrenOf(client.child.pid!);
  const closed = Promise.race([...server.server.clients].map((socket) => once(socket, 'close')));
  process.kill(first!, 'SIGKILL');
  await closed;
  t.equal(await client.stop(), 1);
  t.match(client.summary, { failures: { 'load process ended: SIGKILL': 1 } });
  await server.close();
});
