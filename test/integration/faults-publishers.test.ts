// Publishers that are faster than a worker, and clients of the admin listener that ask for more than they read.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { TestProcess } from '../harness/processes.js';
import { startServer, type TestServer } from '../harness/server.js';
import { drop, open, openMany } from '../harness/sockets.js';

/** Resident memory, in MB (proc(5)). */
const residentMb = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;

t.test('a worker that stands still keeps nothing from the others', async (t) => {
  const server = await startServer(t, ['--workers', '2', '--worker-timeout', '0']);
  const connections = await openMany(16, () => server.url('news'));
  const [stopped, running] = (await server.stats()).workers;
  t.ok(stopped!.connections > 0 && running!.connections > 0, 'both have members');
  process.kill(stopped!.pid, 'SIGSTOP');
  t.teardown(() => process.kill(stopped!.pid, 'SIGCONT'));

  // More than may wait for one worker.
  const count = 160;
  const text = 'x'.repeat(512 * 1024);
  const statuses: number[] = [];
  for (let i = 0; i < count; i++) statuses.push(await server.publish('news', text));
  t.ok(
    statuses.every((status) => status === 202),
    'no publisher was turned away',
  );
  const got = () => connections.filter(({ received }) => received.length === count);
  await server.until(async () => got().length === running!.connections);
  t.match(await server.readyReason(), `worker ${stopped!.number} `);
  t.match(
    await server.process.line(/"worker does not keep up/),
    new RegExp(`"level":"error".*"worker":${stopped!.number}`),
  );
  const dropped = await server.metric('tenm_messages_dropped_total', 'reason="worker_behind"');
  t.ok(dropped > 20 && dropped < count, `${dropped} messages were not sent to the stopped worker`);
  const memoryMb = residentMb(server.process.pid);
  t.ok(memoryMb < 350, `the primary has ${Math.round(memoryMb)} MB`);

  process.kill(stopped!.pid, 'SIGCONT');
  t.match(await server.process.line(/"worker has caught up"/), `"dropped":${dropped}`);
  await server.untilReady();
  // Those that could not take what had waited for them are closed as too slow: others take their places.
  const again = await openMany(20, () => server.url('sport'));
  t.equal(await server.publish('sport', 'hello'), 202);
  await Promise.all(again.map((connection) => connection.messages(1)));
  drop([...connections, ...again]);
});

t.test('publishers that are faster than the workers are slowed down, and nothing is lost', async (t) => {
  const server = await startServer(t, ['--workers', '2', '--max-backpressure', '268435456']);
  const members = await openMany(2, () => server.url('news'));
  const text = 'x'.repeat(512 * 1024);
  const [worker] = (await server.stats()).workers;
  process.kill(worker!.pid, 'SIGSTOP');
  // More than may wait for it, by publishers that do not wait for each other.
  let answered = 0;
  const answers = Array.from({ length: 140 }, (_, i) =>
    server.publish('news', `${i} ${text}`).finally(() => answered++),
  );
  while (answered < 100) await new Promise((resolve) => setTimeout(resolve, 10));
  process.kill(worker!.pid, 'SIGCONT');
  const statuses = await Promise.all(answers);
  t.ok(
    statuses.every((status) => status === 202),
    'no publisher was turned away',
  );
  await Promise.all(members.map((member) => member.messages(statuses.length)));
  t.equal(await server.metric('tenm_messages_dropped_total', 'reason="worker_behind"'), 0);
  drop(members);
});

/** The longest that a newcomer and /healthz had to wait, over some tries. */
async function longestWaits(server: TestServer, tries: number) {
  let [newcomerMs, healthMs] = [0, 0];
  for (let i = 0; i < tries; i++) {
    let startMs = performance.now();
    drop([await open(server.url('news'))]);
    newcomerMs = Math.max(newcomerMs, performance.now() - startMs);
    startMs = performance.now();
    await (await server.fetch('/healthz')).text();
    healthMs = Math.max(healthMs, performance.now() - startMs);
  }
  return { newcomerMs, healthMs };
}

for (const [connections, requests] of [
  [10, 2000],
  [100, 5000],
]) {
  t.test(`${connections} clients ask for ${requests} scrapes each and read none`, async (t) => {
    const server = await startServer(t, ['--workers', '2', '--max-connections-per-ip', '10000']);
    const quiet = await longestWaits(server, 50);
    const program = fileURLToPath(new URL('../harness/pipeline-flood.js', import.meta.url));
    const args = [program, server.adminPort, '/metrics', connections, requests].map(String);
    const flood = new TestProcess('node', args);
    t.teardown(() => flood.stop());
    await flood.line(/asking/);
    const { newcomerMs, healthMs } = await longestWaits(server, 50);
    const memoryMb = residentMb(server.process.pid);
    t.comment({ quiet, newcomerMs, healthMs, memoryMb });
    // A minute and more where each request is served for itself.
    const boundMs = 1000 + 20 * Math.max(quiet.newcomerMs, quiet.healthMs);
    t.ok(newcomerMs < boundMs, `a newcomer waits ${Math.round(newcomerMs)} ms`);
    t.ok(healthMs < boundMs, `/healthz takes ${Math.round(healthMs)} ms`);
    t.ok(memoryMb < 400, `the primary has ${Math.round(memoryMb)} MB`);
  });
}
