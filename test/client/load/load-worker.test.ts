import t from 'tap';
import { type LoadSpread, splitLoad } from '../../../client/load/load-plan.js';
import { LoadWorker } from '../../../client/load/load-worker.js';
import { freePorts } from '../../harness/ports.js';
import { TestServer } from '../../harness/websocket-server.js';

const taskOn = (port: number, changes: Partial<LoadSpread> = {}) =>
  splitLoad(
    {
      address: '127.0.0.1',
      host: '127.0.0.1',
      firstPort: port,
      connections: 2,
      connectionsPerPort: 10,
      channel: 'c{n}',
      ratePerSecond: undefined,
      idleTimeoutMs: 0,
      reconnects: false,
      prints: false,
      ...changes,
    },
    1,
    1000,
  )[0]!;

t.test('messages are handed over where they are to be printed, pings are not', async (t) => {
  const server = await TestServer.listen((socket, path) => {
    socket.on('pong', () => server.server.emit('read'));
    socket.send('');
    socket.send(`hello ${path}`);
    socket.ping();
  });
  const lines: string[] = [];
  const worker = new LoadWorker(taskOn(server.port, { prints: true }), (url, payload) =>
    lines.push(`${url} ${payload}`),
  );
  let reads = 0;
  const read = new Promise<void>((resolve) => {
    server.server.on('read', () => ++reads === 2 && resolve());
  });
  worker.start();
  await Promise.all([worker.tried, read]);
  t.same(
    lines.sort(),
    [0, 1].map((n) => `ws://127.0.0.1:${server.port}/c${n} hello /c${n}`),
  );
  t.match(worker.counts, { connected: 2, made: 2, messages: 2, pings: 4, pinged: 2 });
  await worker.stop();
  t.match(worker.counts, { lost: 0, closed: 0 });
  await server.close();
});

t.test('all have been tried when each has stood or failed', async (t) => {
  const worker = new LoadWorker(taskOn(await freePorts(1)), () => {});
  worker.start();
  await worker.tried;
  t.match(worker.counts, { failed: 2, ended: 2, connected: 0, failures: { ECONNREFUSED: 2 } });
  await worker.stop();
});

t.test('one that was asked to return and has not is lost at the end', async (t) => {
  const server = await TestServer.listen((socket) => {
    socket.on('close', () => server.server.emit('closed'));
    socket.close(1012, 'retry=600-600');
  });
  const worker = new LoadWorker(taskOn(server.port, { connections: 1, reconnects: true }), () => {});
  const closed = new Promise((resolve) => server.server.once('closed', resolve));
  worker.start();
  await closed;
  while (worker.counts.closed === 0) await new Promise((resolve) => setImmediate(resolve));
  t.equal(worker.counts.lost, 0);
  await worker.stop();
  t.match(worker.counts, { lost: 1, closedByCode: { 1012: 1 } });
  await server.close();
});
