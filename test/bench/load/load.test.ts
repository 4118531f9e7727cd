import t from 'tap';
import { Load } from '../../../bench/load/load.js';
import { nowMs, stampText } from '../../../bench/stamp.js';
import { splitLoad } from '../../../client/load/load-plan.js';
import { isRunning } from '../../harness/client-process.js';
import { TestServer } from '../../harness/websocket-server.js';

const tasksOn = (port: number, connections: number, processes: number) =>
  splitLoad(
    {
      address: '127.0.0.1',
      host: '127.0.0.1',
      firstPort: port,
      connections,
      connectionsPerPort: connections,
      channel: 'c{n}',
      ratePerSecond: undefined,
      idleTimeoutMs: 0,
      reconnects: false,
      prints: false,
    },
    processes,
    connections,
  );

t.test('connections of two processes, what they get, and their end', async (t) => {
  const server = await TestServer.listen((socket) => socket.send(stampText(nowMs(), 1)));
  const load = new Load(2);
  const { pids } = load;
  await load.connect(tasksOn(server.port, 4, 2), 0, 2);
  while ((await load.deliveries()).messages < 4);
  const { lastAtMs } = await load.deliveries();
  t.ok(lastAtMs > 0 && lastAtMs <= nowMs());
  t.match(await load.counts(), { connected: 4, made: 4, failed: 0 });
  t.equal((await load.take()).latency.count, 4);
  t.equal((await load.take()).latency.count, 0, 'from one call to the next');
  await load.cut();
  t.match(await load.counts(), { connected: 0 });
  await load.stop();
  t.same(pids.filter(isRunning), []);
  await server.close();
});

t.test('a process that ends is told of, and the others are ended', async (t) => {
  const load = new Load(2);
  await load.ready();
  process.kill(load.pids[0]!, 'SIGKILL');
  await t.rejects(
    (async () => {
      for (;;) await load.counts();
    })(),
    { message: 'a load process has ended: SIGKILL' },
  );
  await load.stop();
  t.same(load.pids.filter(isRunning), []);
});
