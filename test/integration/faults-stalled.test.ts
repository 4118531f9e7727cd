// Workers that stand still, and processes that cannot be made.
import { execFileSync, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { freePorts } from '../harness/ports.js';
import { found } from '../harness/programs.js';
import { startServer, type TestServer } from '../harness/server.js';
import { drop, open, openMany } from '../harness/sockets.js';

/** Limits the open files of the primary. */
const limitFiles = (server: TestServer, files: string) =>
  execFileSync('prlimit', [`--pid=${server.process.pid}`, `--nofile=${files}`]);

t.test('a worker that stands still is told, killed after --worker-timeout, and replaced', async (t) => {
  const server = await startServer(t, ['--workers', '2', '--worker-timeout', '7']);
  const [stopped, other] = (await server.stats()).workers;
  process.kill(stopped!.pid, 'SIGSTOP');
  await server.until(async () =>
    new RegExp(`worker ${stopped!.number} has (not answered|received no probe)`).test(
      (await server.readyReason()) ?? '',
    ),
  );
  t.match(
    await server.process.line(/"killing a worker"/),
    new RegExp(`"pid":${stopped!.pid},"reason":"silent"`),
  );
  await server.untilReady();
  const { workers } = await server.stats();
  t.equal(workers.length, 2);
  t.ok(
    workers.some(({ pid }) => pid === other!.pid),
    'the healthy worker stays',
  );
  t.equal(await server.metric('tenm_worker_kills_total', 'reason="silent"'), 1);
});

t.test(
  'SIGTERM with a worker that stands still: the others close theirs in order, and it ends',
  async (t) => {
    const server = await startServer(t, ['--workers', '2', '--worker-timeout', '7']);
    const connections = await openMany(100, () => server.url('news'));
    const [stopped] = (await server.stats()).workers;
    process.kill(stopped!.pid, 'SIGSTOP');
    server.process.child.kill('SIGTERM');
    const codes = await Promise.all(connections.map(({ closed }) => closed.then(({ code }) => code)));
    t.equal(codes.filter((code) => code === 1001).length, 100 - stopped!.connections);
    t.equal(codes.filter((code) => code === 1006).length, stopped!.connections);
    t.equal(await server.process.exited, 0);
  },
);

t.test('a rolling restart with a worker that stands still is completed', async (t) => {
  const server = await startServer(t, ['--workers', '2', '--worker-timeout', '7']);
  const [stopped] = (await server.stats()).workers;
  process.kill(stopped!.pid, 'SIGSTOP');
  server.process.child.kill('SIGHUP');
  await server.process.line(/"restarted"/);
  t.same(
    (await server.stats()).workers.map(({ generation }) => generation),
    [2, 2],
  );
  const from = server.process.lines.length;
  t.equal((await server.fetch('/restart', { method: 'POST' })).status, 202, 'and another one is possible');
  await server.process.line(/"restarted"/, from);
});

t.test('a worker that cannot be started is tried again until it can', found('prlimit'), async (t) => {
  const server = await startServer(t, ['--workers', '2']);
  const connections = await openMany(40, () => server.url('news'));
  const [victim] = (await server.stats()).workers;
  // Below what the primary has open: no pipe to a new process can be made.
  limitFiles(server, '8:20000');
  process.kill(victim!.pid, 'SIGKILL');
  await server.process.line(/could not be started/);
  limitFiles(server, '20000:20000');
  await server.untilReady();
  t.equal((await server.stats()).workers.length, 2);
  const left = connections.filter(({ socket }) => socket.readyState === socket.OPEN);
  t.equal(await server.publish('news', 'hello'), 202);
  await Promise.all(left.map((connection) => connection.messages(1)));
  drop(connections);
});

t.test('a server that cannot start workers any more still stops', found('prlimit'), async (t) => {
  const server = await startServer(t, ['--workers', '2']);
  const { workers } = await server.stats();
  limitFiles(server, '8:20000');
  for (const { pid } of workers) process.kill(pid, 'SIGKILL');
  await server.process.line(/could not be started/);
  server.process.child.kill('SIGTERM');
  t.equal(await server.process.exited, 0);
});

t.test('healthy workers that are killed together are replaced at once', async (t) => {
  const server = await startServer(t, ['--workers', '4']);
  const { workers } = await server.stats();
  for (const { pid } of workers) process.kill(pid, 'SIGKILL');
  await server.until(async () => {
    const now = (await server.stats()).workers;
    return now.length === 4 && now.every(({ pid }) => workers.every((before) => before.pid !== pid));
  });
  await server.untilReady();
  const delays = server.process.lines.flatMap((line) => /"delayMs":(\d+)/.exec(line)?.[1] ?? []).map(Number);
  t.same(delays, [0, 0, 0, 0]);
  drop([await open(server.url('news'))]);
});

t.test('two signals at once are one wish, as `timeout` sends them', async (t) => {
  const server = await startServer(t, ['--workers', '2', '--drain-rate', '50']);
  const connections = await openMany(100, () => server.url('news'));
  server.process.child.kill('SIGTERM');
  server.process.child.kill('SIGTERM');
  const codes = await Promise.all(connections.map(({ closed }) => closed.then(({ code }) => code)));
  t.ok(
    codes.every((code) => code === 1001),
    'every client was closed with a hint',
  );
  t.equal(await server.process.exited, 0);
});

t.test('`npm start` hands a signal on and leaves no server behind', found('npm'), async (t) => {
  const port = await freePorts(2);
  const top = fileURLToPath(new URL('../../../', import.meta.url));
  const flags = ['--host', '127.0.0.1', '--ports', String(port), '--admin-port', String(port + 1)];
  const npm = spawn('npm', ['start', '--', ...flags], { cwd: top, stdio: 'ignore', detached: true });
  t.teardown(() => {
    try {
      process.kill(-npm.pid!, 'SIGKILL');
    } catch {
      // Nothing of it is left.
    }
  });
  const answers = () =>
    fetch(`http://127.0.0.1:${port + 1}/healthz`).then(
      () => true,
      () => false,
    );
  while (!(await answers())) await new Promise((resolve) => setTimeout(resolve, 25));
  const ended = new Promise((resolve) => npm.once('exit', resolve));
  npm.kill('SIGTERM');
  await ended;
  while (await answers()) await new Promise((resolve) => setTimeout(resolve, 25));
  t.pass('the server has ended with npm');
});

t.test('a scrape while a worker loads its code does not wait for it', async (t) => {
  const server = await startServer(t, ['--workers', '2']);
  const { workers } = await server.stats();
  process.kill(workers[0]!.pid, 'SIGKILL');
  await server.process.line(/worker ended, starting another/);
  const startMs = performance.now();
  await (await server.fetch('/metrics')).text();
  const tookMs = performance.now() - startMs;
  t.comment(`${Math.round(tookMs)} ms`);
  t.ok(tookMs < 1000, 'it did not wait the second that a worker has to answer');
});
