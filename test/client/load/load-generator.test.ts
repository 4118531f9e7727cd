import t from 'tap';
import { LoadGenerator } from '../../../client/load/load-generator.js';
import { processesAtOnce, splitLoad } from '../../../client/load/load-plan.js';
import { childrenOf } from '../../harness/client-process.js';
import { rawServer, TestServer } from '../../harness/websocket-server.js';

const tasksOn = (port: number, connections: number, connectionsPerProcess: number) =>
  splitLoad(
    {
      address: '127.0.0.1',
      host: '127.0.0.1',
      firstPort: port,
      connections,
      connectionsPerPort: connections,
      channel: '{n}',
      ratePerSecond: undefined,
      idleTimeoutMs: 0,
      reconnects: false,
      prints: false,
    },
    1,
    connectionsPerProcess,
  );

t.test('the next process begins when one has tried everything, and all connections stay', async (t) => {
  const server = await TestServer.listen();
  const generator = new LoadGenerator(tasksOn(server.port, 30, 10), 1);
  await server.connections(30);
  const blocks = server.paths.map((path) => Math.floor(Number(path.slice(1)) / 10));
  t.same(blocks, [...blocks].sort(), 'one block of numbers after the other');
  t.equal(server.server.clients.size, 30);
  generator.stop();
  await generator.ended;
  t.match(generator.counts, { made: 30, lost: 0, failed: 0 });
  await server.close();
});

t.test('a process whose connections fail, or that is killed, makes room for the next', async (t) => {
  const resetting = await rawServer((socket) => socket.resetAndDestroy());
  const failing = new LoadGenerator(tasksOn(resetting.port, 6, 2), 1);
  let resets = 0;
  await new Promise<void>((resolve) => {
    resetting.server.on('connection', () => ++resets === 6 && resolve());
  });
  failing.stop();
  await failing.ended;
  t.equal(failing.counts.made, 0);
  await resetting.close();

  const silent = await rawServer(() => {});
  const killed = new LoadGenerator(tasksOn(silent.port, 2, 1), 1);
  for (let connections = 0; connections < 2; connections++) {
    await new Promise((resolve) => silent.server.once('connection', resolve));
    const children = childrenOf(process.pid);
    t.equal(children.length, 1);
    process.kill(children[0]!, 'SIGKILL');
  }
  await killed.ended;
  t.same(killed.counts.failures, { 'load process ended: SIGKILL': 2 });
  await silent.close();
});

t.test('what has not begun does not begin after the stop', async (t) => {
  const silent = await rawServer(() => {});
  const generator = new LoadGenerator(tasksOn(silent.port, 4, 1), 1);
  await new Promise((resolve) => silent.server.once('connection', resolve));
  generator.stop();
  await generator.ended;
  t.same(childrenOf(process.pid), []);
  await silent.close();
});

t.test('with a rate all processes connect at one time', async (t) => {
  t.equal(processesAtOnce({ ratePerSecond: undefined }, 2, 54), 2);
  t.equal(processesAtOnce({ ratePerSecond: undefined }, 8, 3), 3);
  t.equal(processesAtOnce({ ratePerSecond: 100 }, 2, 54), 54);
});
