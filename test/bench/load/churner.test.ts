import t from 'tap';
import { Churner, type ChurnTask } from '../../../bench/load/churner.js';
import { nowMs, stampText } from '../../../bench/stamp.js';
import { TestServer } from '../../harness/websocket-server.js';

const task = (port: number, changes: Partial<ChurnTask> = {}): ChurnTask => ({
  port,
  connectionsPerPort: 100,
  count: 2,
  firstNumber: 0,
  channels: 2,
  minLifeMs: 600_000,
  maxLifeMs: 600_000,
  ...changes,
});

t.test('each connection has a ledger of what it got', async (t) => {
  const server = await TestServer.listen((socket, path) => {
    socket.on('pong', () => server.server.emit('read'));
    // Number 3 is missing, 4 comes twice, and 2 comes late.
    const numbers = path === '/c0' ? [1, 2] : [1, 4, 4, 2];
    for (const number of numbers) socket.send(stampText(nowMs(), number));
    socket.send('no stamp');
    socket.send('');
    socket.ping();
  });
  const churner = new Churner(task(server.port));
  let reads = 0;
  const read = new Promise<void>((resolve) => {
    server.server.on('read', () => ++reads === 2 && resolve());
  });
  churner.start();
  await read;
  t.match(churner.counts, { connected: 2, made: 2, messages: 6, pings: 4, lost: 0 });
  await churner.stop();
  const [first, second] = churner.records.sort((a, b) => a.channel - b.channel);
  t.match(first, { channel: 0, received: 2, first: 1, highest: 2, duplicates: 0, outOfOrder: 0 });
  t.match(second, { channel: 1, received: 4, first: 1, highest: 4, duplicates: 1, outOfOrder: 1 });
  t.ok(first!.endedAtMs >= first!.openedAtMs && first!.endedAtMs < Number.POSITIVE_INFINITY);
  await server.close();
});

t.test('connections come and go, by a close frame or by a reset', async (t) => {
  const codes = new Set<number>();
  const server = await TestServer.listen((socket) => socket.on('close', (code) => codes.add(code)));
  const churner = new Churner(task(server.port, { minLifeMs: 0, maxLifeMs: 1 }));
  churner.start();
  while (!codes.has(1000) || !codes.has(1006)) await server.connections(server.paths.length + 1);
  await churner.stop();
  t.ok(churner.records.length >= 2);
  t.equal(churner.counts.lost, 0, 'none of these ends is of the server');
  await server.close();
});

t.test('one that the server closes is lost', async (t) => {
  const server = await TestServer.listen((socket) => socket.close(1011));
  const churner = new Churner(task(server.port));
  churner.start();
  while (churner.counts.lost < 2) await server.connections(server.paths.length + 1);
  await churner.stop();
  t.ok(churner.records.length >= 2);
  await server.close();
});
