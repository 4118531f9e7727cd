import t from 'tap';
import { freePorts } from '../harness/ports.js';
import { TestProcess } from '../harness/processes.js';
import { serverMain, startServer } from '../harness/server.js';
import { openMany } from '../harness/sockets.js';

for (const how of ['SIGTERM', 'SIGINT', 'POST /drain'] as const) {
  t.test(`${how} closes at the drain rate with 1001 and a hint, and exits 0`, async (t) => {
    const server = await startServer(t, ['--workers', '2', '--drain-rate', '200']);
    const connections = await openMany(300, () => server.url('news'));
    const closedMs: number[] = [];
    for (const { socket } of connections) socket.once('close', () => closedMs.push(performance.now()));
    const startMs = performance.now();
    if (how === 'POST /drain') t.equal((await server.fetch('/drain', { method: 'POST' })).status, 202);
    else server.process.child.kill(how);
    await server.until(async () => (await server.readyReason()) === 'draining');
    const closes = await Promise.all(connections.map(({ closed }) => closed));
    t.ok(closes.every(({ code, reason }) => code === 1001 && reason === 'retry=1-3'));
    const seconds = (closedMs.at(-1)! - startMs) / 1000;
    t.ok(seconds > 1.2 && seconds < 4, `300 at 200/s took ${seconds.toFixed(2)} s`);
    const firstSecond = closedMs.filter((at) => at - closedMs[0]! < 1000).length;
    t.ok(firstSecond <= 240, `${firstSecond} in the first second`);
    t.equal(await server.process.exited, 0);
  });
}

t.test('a second signal stops at once', async (t) => {
  const server = await startServer(t, ['--workers', '2', '--drain-rate', '1']);
  const connections = await openMany(100, () => server.url('news'));
  server.process.child.kill('SIGINT');
  await server.process.line(/"draining"/);
  // A second wish is one that comes a second later; until then the same signal changes nothing.
  const again = setInterval(() => server.process.child.kill('SIGINT'), 1100);
  t.equal(await server.process.exited, 0);
  clearInterval(again);
  t.ok(server.process.count(/"stopping at once"/) > 0);
  await Promise.all(connections.map(({ closed }) => closed));
});

t.test('a signal while it starts', async (t) => {
  const port = await freePorts(2);
  const args = [
    serverMain,
    '--ports',
    String(port),
    '--admin-port',
    String(port + 1),
    '--workers',
    '2',
    '--log-level',
    'debug',
  ];
  const starting = new TestProcess('node', args);
  t.teardown(() => starting.stop());
  while (!(await fetch(`http://127.0.0.1:${port + 1}/healthz`).catch(() => undefined))) {}
  starting.child.kill('SIGINT');
  t.equal(await starting.exited, 0);
});
