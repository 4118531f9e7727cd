import { readFileSync } from 'node:fs';
import t from 'tap';
import { startServer, type TestServer } from '../harness/server.js';
import { drop, open, openMany, type TestConnection } from '../harness/sockets.js';

/** A client that comes back when the server's hint says so, and keeps a ledger. */
class ReturningClient {
  readonly texts: string[] = [];
  readonly codes: number[] = [];
  /** When it was to come back. What a busy machine adds to that is not the server's doing. */
  returnsMs = 0;
  connection: TestConnection | undefined;
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async connect(): Promise<void> {
    const connection = await open(this.#url);
    this.connection = connection;
    connection.socket.on('message', (data: Buffer) => {
      if (data.byteLength > 0) this.texts.push(data.toString());
    });
    void connection.closed.then(({ code, reason }) => {
      this.codes.push(code);
      const hint = /^retry=(\d+)-(\d+)$/.exec(reason);
      if (hint === null) return;
      const [min, max] = [Number(hint[1]), Number(hint[2])];
      const delayMs = 1000 * (min + Math.random() * (max - min));
      this.returnsMs = performance.now() + delayMs;
      setTimeout(() => void this.connect(), delayMs);
    });
  }
}

const generationOf = async (server: TestServer): Promise<number[]> =>
  ((await server.stats()).workers as unknown as { generation: number }[]).map(({ generation }) => generation);

for (const how of ['SIGHUP', 'POST /restart'] as const) {
  t.test(
    `${how}: each client is closed once with 1012 and comes back to the new workers, no faster than the rate`,
    async (t) => {
      const rate = 250;
      const server = await startServer(t, ['--workers', '2', '--drain-rate', String(rate)]);
      const clients = Array.from({ length: 1000 }, () => new ReturningClient(server.url('news')));
      for (let i = 0; i < clients.length; i += 100)
        await Promise.all(clients.slice(i, i + 100).map((client) => client.connect()));
      const before = (await server.stats()).workers.map(({ pid }) => pid);

      let published = 0;
      let isDone = false;
      const stream = (async () => {
        while (!isDone) {
          if ((await server.publish('news', String(published))) === 202) published++;
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      })();
      if (how === 'SIGHUP') server.process.child.kill('SIGHUP');
      else {
        t.equal((await server.fetch('/restart', { method: 'POST' })).status, 202);
        t.equal((await server.fetch('/restart', { method: 'POST' })).status, 409, 'one at a time');
      }
      await server.process.line(/"draining"/);
      t.equal((await server.fetch('/readyz')).status, 200, 'ready all the time: the new workers listen');
      t.ok((await server.metric('tenm_drain_remaining_connections')) > 0);
      t.ok((await server.metric('tenm_drain_eta_seconds')) > 0);
      await server.process.line(/"restarted"/);
      await server.until(async () => (await server.stats()).connections === clients.length);
      isDone = true;
      await stream;

      t.same(await generationOf(server), [2, 2]);
      t.notOk((await server.stats()).workers.some(({ pid }) => before.includes(pid)));
      t.ok(
        clients.every(({ codes }) => codes.length === 1 && codes[0] === 1012),
        'closed exactly once',
      );
      const returns = clients.map(({ returnsMs }) => returnsMs).sort((a, b) => a - b);
      const busiest = Math.max(
        ...returns.map((at, i) => returns.findLastIndex((other) => other < at + 1000) - i + 1),
      );
      t.ok(busiest <= 1.3 * rate, `${busiest} came back in the busiest second`);
      t.equal(await server.metric('tenm_connections_closed_total', 'reason="restarting"'), clients.length);
      t.equal(await server.metric('tenm_connections_closed_total', 'reason="lost"'), 0);

      // What a client got is the stream with one gap: its own time away.
      const gaps = clients.map(
        ({ texts }) => texts.slice(1).filter((text, i) => Number(text) !== Number(texts[i]) + 1).length,
      );
      t.ok(
        gaps.every((count) => count <= 1),
        'nothing lost but in the time away, nothing twice, nothing out of order',
      );
      drop(clients.map(({ connection }) => connection!));
    },
  );
}

t.test('a generation that does not come up is ended, and the old one stays as it was', async (t) => {
  const server = await startServer(t, ['--workers', '2']);
  const connections = await openMany(50, () => server.url('news'));
  const before = (await server.stats()).workers.map(({ pid }) => pid);
  server.process.child.kill('SIGHUP');
  const childrenFile = `/proc/${server.process.pid}/task/${server.process.pid}/children`;
  let newcomer: number | undefined;
  while (newcomer === undefined) {
    const children = readFileSync(childrenFile, 'utf8').trim().split(' ').map(Number);
    newcomer = children.find((pid) => !before.includes(pid));
    await new Promise((resolve) => setImmediate(resolve));
  }
  process.kill(newcomer, 'SIGKILL');
  await server.process.line(/restart given up/);
  await server.untilReady();
  t.same(
    (await server.stats()).workers.map(({ pid }) => pid),
    before,
  );
  await server.publish('news', 'hello');
  await Promise.all(connections.map((connection) => connection.messages(1)));
  drop(connections);
});

t.test('a stop in the middle of a restart stops', async (t) => {
  const server = await startServer(t, ['--workers', '2', '--drain-rate', '50']);
  const connections = await openMany(200, () => server.url('news'));
  server.process.child.kill('SIGHUP');
  await server.process.line(/"draining"/);
  server.process.child.kill('SIGTERM');
  const codes = await Promise.all(connections.map(({ closed }) => closed.then(({ code }) => code)));
  t.ok(codes.every((code) => code === 1012 || code === 1001));
  t.ok(codes.includes(1001));
  t.equal(await server.process.exited, 0);
});
