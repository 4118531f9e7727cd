import { connect, type Socket } from 'node:net';
import t from 'tap';
import { startServer } from '../harness/server.js';
import {
  drop,
  handshakeBytes,
  open,
  openMany,
  openWithoutReading,
  type TestConnection,
} from '../harness/sockets.js';

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

t.test('a client that never reads is closed, while 1,000 others get every message', async (t) => {
  await t.test('by its backpressure', async (t) => {
    const server = await startServer(t, ['--workers', '1', '--max-backpressure', '65536']);
    const others = await openMany(1000, () => server.url('news'));
    const deaf = await openWithoutReading(server.port, 'news');
    const body = (i: number) => String(i).padEnd(16_000, '.');
    let sent = 0;
    while ((await server.metric('tenm_connections_closed_total', 'reason="too_slow"')) === 0) {
      for (let i = 0; i < 20; i++) await server.publish('news', body(sent++));
    }
    await Promise.all(others.map((other) => other.messages(sent)));
    t.ok(others.every(({ texts }) => texts.length === sent && texts.every((text, i) => text === body(i))));
    t.ok((await server.metric('tenm_messages_dropped_total', 'reason="backpressure"')) >= 1);
    t.equal((await server.stats()).connections, 1000);
    drop(others);
    deaf.destroy();
  });

  await t.test('by the write timeout, within it and one ping interval', async (t) => {
    const args = [
      '--workers',
      '1',
      '--ping-interval',
      '1',
      '--write-timeout',
      '1',
      '--max-backpressure',
      '1073741824',
    ];
    const server = await startServer(t, args);
    const others = await openMany(1000, () => server.url('others'));
    const deaf = await openWithoutReading(server.port, 'deaf');
    // More than the kernel's buffers hold, so that it waits in the server.
    for (let i = 0; i < 16; i++) await server.publish('deaf', Buffer.alloc(1_000_000, 'x'));
    const stalledMs = performance.now();
    let sent = 0;
    while ((await server.stats()).connections === 1001) await server.publish('others', String(sent++));
    t.ok(performance.now() - stalledMs < 2500, 'in time');
    t.equal(await server.metric('tenm_connections_closed_total', 'reason="too_slow"'), 1);
    await Promise.all(others.map((other) => other.messages(sent)));
    t.ok(others.every(({ texts }) => texts.every((text, i) => text === String(i))));
    drop(others);
    deaf.destroy();
  });

  await t.test('a slow reader that does read stays', async (t) => {
    const server = await startServer(t, [
      '--workers',
      '1',
      '--ping-interval',
      '1',
      '--write-timeout',
      '2',
      '--max-backpressure',
      '1073741824',
    ]);
    const slow = await openWithoutReading(server.port, 'slow');
    let bytes = 0;
    let isClosed = false;
    slow.on('close', () => {
      isClosed = true;
    });
    slow.on('data', (chunk: Buffer) => {
      bytes += chunk.byteLength;
      slow.pause();
      setTimeout(() => slow.resume(), 5);
    });
    slow.resume();
    const count = 40;
    for (let i = 0; i < count; i++) await server.publish('slow', Buffer.alloc(1_000_000, 'x'));
    const startMs = performance.now();
    await server.until(async () => isClosed || bytes >= count * 1_000_000);
    t.ok(performance.now() - startMs > 2000, 'it had unread bytes for longer than the write timeout');
    t.equal((await server.stats()).connections, 1);
    slow.destroy();
  });
});
