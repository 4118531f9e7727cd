import { once } from 'node:events';
import { connect } from 'node:net';
import t from 'tap';
import { freePorts } from '../harness/ports.js';
import { TestProcess } from '../harness/processes.js';
import { metricOf, serverMain, startServer } from '../harness/server.js';
import { drop, open, openMany } from '../harness/sockets.js';

t.test(
  'a worker is killed: only its own connections end, another takes clients soon, counters do not fall',
  async (t) => {
    const launchMs = performance.now();
    const server = await startServer(t, ['--workers', '4', '--ping-interval', '1']);
    const startMs = performance.now() - launchMs;
    const connections = await openMany(4000, () => server.url('news'));
    await server.publish('news', 'before');
    await Promise.all(connections.map((connection) => connection.messages(1)));
    const before = await (await server.fetch('/metrics')).text();
    const [victim] = (await server.stats()).workers;
    t.ok(victim!.connections > 700 && victim!.connections < 1300, 'connections are spread over the workers');

    const killedMs = performance.now();
    process.kill(victim!.pid, 'SIGKILL');
    const hit = connections.filter(({ socket }) => socket.readyState !== socket.OPEN);
    await server.until(async () => {
      const { workers } = await server.stats();
      const replacement = workers.find(({ number }) => number === victim!.number);
      return workers.length === 4 && replacement?.pid !== victim!.pid && replacement?.state === 'listening';
    });
    const replacedMs = performance.now() - killedMs;
    t.comment(
      `${Math.round(startMs)} ms to start the server, ${Math.round(replacedMs)} ms to replace a worker`,
    );
    t.ok(replacedMs < 2 * startMs, 'one worker is there sooner than twice the time for the whole server');
    const fresh = await openMany(40, () => server.url('news'));
    await server.publish('news', 'after');
    await Promise.all(fresh.map((connection) => connection.messages(1)));
    const stayed = connections.filter(({ socket }) => socket.readyState === socket.OPEN);
    await Promise.all(stayed.map((connection) => connection.messages(2)));
    t.equal(stayed.length, 4000 - victim!.connections);
    t.ok(stayed.every(({ texts }) => texts.join() === 'before,after'));
    t.ok(hit.length <= victim!.connections);

    const after = await (await server.fetch('/metrics')).text();
    const counters = [...before.matchAll(/^# TYPE (\S+) counter$/gm)].map((match) => match[1]!);
    t.ok(counters.length > 10);
    const fallen = counters.filter((name) => metricOf(after, name) < metricOf(before, name));
    t.same(fallen, [], 'counters that fell');
    t.equal(metricOf(after, 'tenm_worker_restarts_total'), 1);
    t.equal(metricOf(after, 'tenm_connections'), stayed.length + fresh.length);
    await server.untilReady();
    drop([...connections, ...fresh]);
  },
);

t.test(
  'a worker that does not answer is counted, and the scrape still answers with its last word',
  async (t) => {
    const server = await startServer(t, ['--workers', '2']);
    const connections = await openMany(20, () => server.url('news'));
    t.equal(await server.metric('tenm_connections'), 20);
    const [stopped] = (await server.stats()).workers;
    process.kill(stopped!.pid, 'SIGSTOP');
    const text = await (await server.fetch('/metrics')).text();
    t.equal(metricOf(text, 'tenm_workers_missing'), 1);
    t.equal(metricOf(text, 'tenm_workers'), 2);
    t.equal(metricOf(text, 'tenm_connections_opened_total'), 20);
    await server.until(async () =>
      /worker \d has received no probe/.test((await server.readyReason()) ?? ''),
    );
    process.kill(stopped!.pid, 'SIGCONT');
    await server.untilReady();
    t.equal(await server.metric('tenm_workers_missing'), 0);
    drop(connections);
  },
);

t.test('a worker that keeps dying is replaced more and more slowly', async (t) => {
  const server = await startServer(t, ['--workers', '2']);
  for (let kills = 0; kills < 4; kills++) {
    await server.untilReady();
    const { pid } = (await server.stats()).workers.find(({ number }) => number === 1)!;
    process.kill(pid, 'SIGKILL');
    await server.until(async () => (await server.stats()).workers.every((worker) => worker.pid !== pid));
  }
  const delays = server.process.lines.flatMap((line) => /"delayMs":(\d+)/.exec(line)?.[1] ?? []).map(Number);
  t.same(delays, [0, 400, 800, 1600]);
});

t.test('primary killed: no worker is left behind', async (t) => {
  const server = await startServer(t, ['--workers', '2']);
  const connection = await open(server.url('news'));
  await server.process.stop('SIGKILL');
  await connection.closed;
  const refused = connect(server.port, '127.0.0.1');
  await new Promise((resolve) => refused.once('error', resolve));
});

t.test('a port that is taken ends the start with one line that names it', async (t) => {
  const first = await freePorts(4);
  const holder = await startHolder(first + 1);
  t.teardown(() => holder.close());
  const args = ['--ports', `${first}-${first + 2}`, '--admin-port', String(first + 3), '--host', '127.0.0.1'];
  const attempt = new TestProcess('node', [serverMain, ...args]);
  t.equal(await attempt.exited, 1);
  const errors = attempt.lines.filter((line) => !line.includes('"level":"warn"'));
  t.equal(errors.length, 1);
  t.match(errors[0], new RegExp(`port ${first + 1}: something else holds it`));

  const server = await startServer(t, ['--workers', '1']);
  const twin = new TestProcess('node', [
    serverMain,
    '--ports',
    String(server.port),
    '--admin-port',
    String(first),
  ]);
  t.equal(await twin.exited, 1, 'a second server does not share the port silently');
  t.match(twin.lines.join(), `port ${server.port}`);

  const sameAdmin = [
    '--ports',
    String(first),
    '--admin-port',
    String(server.adminPort),
    '--host',
    '127.0.0.1',
  ];
  const third = new TestProcess('node', [serverMain, ...sameAdmin]);
  t.equal(await third.exited, 1);
  t.match(third.lines.join(), `port ${server.adminPort}`);
});

async function startHolder(port: number) {
  const { createServer } = await import('node:net');
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
