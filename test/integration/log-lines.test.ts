// A server whose log lines cannot be written: the lines are lost, and nothing else.
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { startServer, type TestServer } from '../harness/server.js';
import { drop, openMany } from '../harness/sockets.js';
import { temporaryFolder } from '../harness/temporary-folder.js';
import { unreadPipe } from '../harness/unread-pipe.js';

const flags = ['--workers', '2', '--log-level', 'debug'];

/** A rolling restart, and a stop in order: the primary and all workers log in both. */
async function liveThrough(t: Test, server: TestServer) {
  const connections = await openMany(20, () => server.url('news'));
  const before = (await server.stats()).workers.map(({ pid }) => pid);
  t.equal((await server.fetch('/restart', { method: 'POST' })).status, 202);
  const closes = await Promise.all(connections.map(({ closed }) => closed));
  t.ok(
    closes.every(({ code }) => code === 1012),
    'clients are told to come back',
  );
  await server.until(async () => (await server.stats()).workers.every(({ pid }) => !before.includes(pid)));
  const others = await openMany(20, () => server.url('news'));
  t.equal(await server.publish('news', 'hello'), 202);
  await Promise.all(others.map((connection) => connection.messages(1)));
  t.equal(await server.process.stop('SIGTERM'), 0, 'it ends in order');
  drop(others);
}

t.test('the reader of standard error has gone', async (t) => {
  const server = await startServer(t, flags);
  server.process.child.stderr!.destroy();
  await liveThrough(t, server);
});

t.test('the disk is full', async (t) => {
  const full = openSync('/dev/full', 'w');
  t.teardown(() => closeSync(full));
  await liveThrough(t, await startServer(t, flags, { stderr: full }));
});

t.test('nobody reads standard error', async (t) => {
  await liveThrough(t, await startServer(t, flags, { stderr: unreadPipe(t) }));
});

t.test('lines for the journal begin with their priority', async (t) => {
  const path = join(temporaryFolder('journal'), 'log');
  const log = openSync(path, 'a');
  t.teardown(() => closeSync(log));
  const { dev, ino } = fstatSync(log);
  const environment = { JOURNAL_STREAM: `${dev}:${ino}` };
  const server = await startServer(t, flags, { stderr: log, environment });
  await server.process.stop('SIGTERM');
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  const severities = { debug: 7, info: 6, warn: 4, error: 3 };
  for (const line of lines) {
    const [, priority, json] = /^<(\d)>(\{.*\})$/.exec(line) ?? [];
    const { level } = JSON.parse(json ?? '{}') as { level?: keyof typeof severities };
    t.equal(Number(priority), level && severities[level], line);
  }
  t.match(lines.join('\n'), /<7>.*"worker":2/, 'of workers too');
  t.match(lines.join('\n'), /<6>.*"serving"/);
});
