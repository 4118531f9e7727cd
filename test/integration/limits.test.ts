import { connect, type Socket } from 'node:net';
import t from 'tap';
import { startServer } from '../harness/server.js';
import { drop, handshakeBytes, open, type TestConnection } from '../harness/sockets.js';

/** Opens connections until one is refused. */
async function fill(url: string): Promise<TestConnection[]> {
  const connections: TestConnection[] = [];
  for (;;) {
    const connection = await open(url).catch(() => undefined);
    if (connection === undefined) return connections;
    connections.push(connection);
  }
}

t.test(
  'full workers refuse at once, do not spin, lose nobody, and take clients again when there is room',
  async (t) => {
    const limit = 100;
    const server = await startServer(t, ['--workers', '2', '--max-connections', String(limit)], {
      ports: 20,
    });
    const connections = await fill(server.url('news'));
    t.equal(connections.length, 2 * limit);
    t.equal((await server.stats()).connections, 2 * limit);
    t.equal(await server.metric('tenm_connections_limit'), 2 * limit);
    t.match(await server.readyReason(), /full/);
    t.equal(server.process.count(/full: not accepting/), 2, 'a log line each');

    // Clients that keep knocking for 3 s: each is refused, and the workers stay idle.
    const cpuBefore = await server.cpuSeconds();
    const end = performance.now() + 3000;
    let refused = 0;
    while (performance.now() < end) {
      const errors = await Promise.all(Array.from({ length: 5 }, () => knock(server.port)));
      refused += errors.filter((code) => code === 'ECONNREFUSED' || code === 'ECONNRESET').length;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const cpu = ((await server.cpuSeconds()) - cpuBefore) / 3;
    t.ok(refused > 50);
    t.ok(cpu < 0.2, `${(100 * cpu).toFixed(1)}% of a core`);

    await server.publish('news', 'hello');
    await Promise.all(connections.map((connection) => connection.messages(1)));
    drop(connections.splice(0, 50));
    await server.until(
      async () =>
        (await server.readyReason()) === undefined ||
        (await server.stats()).workers.some(({ state }) => state === 'listening'),
    );
    const more = await fill(server.url('news'));
    t.ok(more.length > 0, 'there is room again');
    t.ok(connections.every(({ socket }) => socket.readyState === socket.OPEN));
    drop([...connections, ...more]);
  },
);

/** The error of a connection that is refused. */
const knock = (port: number): Promise<string | undefined> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
    socket.once('data', () => resolve('served'));
    socket.write(handshakeBytes('/news'));
  });

t.test('sockets that never finish a handshake count too, and leave', async (t) => {
  const server = await startServer(t, ['--workers', '1', '--max-connections', '20']);
  const idle: Socket[] = Array.from({ length: 20 }, () =>
    connect(server.port, '127.0.0.1').on('error', () => {}),
  );
  await server.until(async () => /full/.test((await server.readyReason()) ?? ''));
  t.equal(await knock(server.port), 'ECONNREFUSED');
  for (const socket of idle) socket.destroy();
  await server.untilReady();
  drop([await open(server.url('news'))]);
});

t.test('more than the fd limit allows is not promised', async (t) => {
  const server = await startServer(t, ['--workers', '1', '--max-connections', '10000000']);
  t.ok((await server.metric('tenm_connections_limit')) < (await server.metric('tenm_max_fds')));
  t.equal(server.process.count(/more than the limit of open files allows/), 1);
  t.ok((await server.metric('tenm_open_fds')) > 5);
});
