// Who belongs to which generation of workers, whatever dies in between.
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import t from 'tap';
import { serverMain, startServer, type TestServer } from '../harness/server.js';
import { drop, openMany } from '../harness/sockets.js';

/** The children of the server's primary. */
const childrenOf = (server: TestServer): number[] =>
  readFileSync(`/proc/${server.process.pid}/task/${server.process.pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter((pid) => pid !== '')
    .map(Number);

/** Waits until a process is there that was not before. */
async function newcomerOf(server: TestServer, known: readonly number[]): Promise<number> {
  for (;;) {
    const newcomer = childrenOf(server).find((pid) => !known.includes(pid));
    if (newcomer !== undefined) return newcomer;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const pidsOf = async (server: TestServer) => (await server.stats()).workers.map(({ pid }) => pid);

t.test('an old worker that is killed during a rolling restart leaves nobody behind', async (t) => {
  const server = await startServer(t, ['--workers', '2']);
  const old = await pidsOf(server);
  server.process.child.kill('SIGHUP');
  await newcomerOf(server, old);
  process.kill(old[0]!, 'SIGKILL');
  await server.process.line(/"restarted"/);
  const { workers } = await server.stats();
  t.same(
    workers.map(({ generation }) => generation),
    [2, 2],
    'two workers of the new generation, and no other',
  );
  t.equal(childrenOf(server).length, 2);
  await server.untilReady();

  server.process.child.kill('SIGHUP');
  await server.process.line(/"restarted"/, server.process.lines.length);
  t.same(
    (await server.stats()).workers.map(({ generation }) => generation),
    [3, 3],
    'the next restart is whole too',
  );
  const connections = await openMany(20, () => server.url('news'));
  server.process.child.kill('SIGTERM');
  const codes = await Promise.all(connections.map(({ closed }) => closed.then(({ code }) => code)));
  t.ok(codes.every((code) => code === 1001));
  t.equal(await server.process.exited, 0);
});

t.test('code on the disk that this server does not understand is refused in one line', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), '10m-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const top = join(dirname(serverMain), '..', '..');
  cpSync(join(top, 'dist', 'server'), join(folder, 'dist', 'server'), { recursive: true });
  cpSync(join(top, 'dist', 'sysctl'), join(folder, 'dist', 'sysctl'), { recursive: true });
  cpSync(join(top, 'package.json'), join(folder, 'package.json'));
  symlinkSync(join(top, 'node_modules'), join(folder, 'node_modules'));
  const main = join(folder, 'dist', 'server', 'main.js');
  const server = await startServer(t, ['--workers', '2'], { main });
  const connections = await openMany(10, () => server.url('news'));
  const before = await pidsOf(server);

  const ipc = join(folder, 'dist', 'server', 'ipc.js');
  const code = readFileSync(ipc, 'utf8');
  t.match(code, /PROTOCOL = \d+/);
  writeFileSync(ipc, code.replace(/PROTOCOL = \d+/, 'PROTOCOL = 9999'));
  server.process.child.kill('SIGHUP');
  const line = await server.process.line(/restart given up/);
  t.match(line, /speaks protocol 9999 and this server \d+: stop the server and start it again/);
  t.same(await pidsOf(server), before, 'the old workers stay');
  await server.untilReady();
  t.equal(await server.publish('news', 'hello'), 202);
  await Promise.all(connections.map((connection) => connection.messages(1)));
  drop(connections);
  t.ok(readdirSync(folder).length > 0);
});
