import { connect, type Socket } from 'node:net';
import t from 'tap';
import { clean, httpSender, Ledger } from '../harness/ledger.js';
import { startServer } from '../harness/server.js';
import { drop, openMany } from '../harness/sockets.js';

const MAX_FDS = 300;

t.test('sockets that never send their handshake fill the table of open files, and are cut', async (t) => {
  const server = await startServer(t, ['--workers', '1'], {
    under: ['prlimit', `--nofile=${MAX_FDS}:${MAX_FDS}`],
  });
  const ledger = new Ledger();
  const connections = await openMany(50, () => server.url('news'));
  for (const connection of connections) ledger.join('news', connection);
  const send = httpSender(server);
  const end = ledger.stream(['news'], send);

  const silent: Socket[] = [];
  const gone: Promise<unknown>[] = [];
  t.teardown(() => silent.forEach((socket) => void socket.destroy()));
  while (silent.length < 2 * MAX_FDS) {
    const socket = connect(server.port, '127.0.0.1').on('error', () => {});
    silent.push(socket);
    gone.push(new Promise((resolve) => socket.once('close', resolve)));
  }
  const startedMs = performance.now();
  await server.until(async () => /full/.test((await server.readyReason()) ?? ''));
  const limit = await server.metric('tenm_connections_limit');
  t.ok((await server.metric('tenm_open_fds')) < MAX_FDS, 'some files are left to the server itself');

  const cpuBefore = await server.cpuSeconds();
  const got = connections[0]!.received.length;
  await connections[0]!.messages(got + 100);
  const seconds = (performance.now() - startedMs) / 1000;
  const cpu = ((await server.cpuSeconds()) - cpuBefore) / seconds;
  t.ok(cpu < 0.5, `${(100 * cpu).toFixed(0)}% of a core, with 50 messages a second to 50 connections`);

  await Promise.all(gone);
  const cutAfter = (performance.now() - startedMs) / 1000;
  t.ok(cutAfter < 20, `the last one is cut after ${cutAfter.toFixed(1)} s`);
  await server.untilReady();
  const more = await openMany(limit - connections.length - 1, () => server.url('sport'));
  ledger.join('sport', more[0]!);
  await ledger.publish('sport', send);
  await end();
  await ledger.settle();
  t.match(ledger.account(), clean, 'those that were there before have missed nothing');
  t.equal(ledger.unsure, 0);
  t.equal(server.process.count(/"level":"error"/), 0);
  drop([...connections, ...more]);
});
