// A Redis that is no master: what is published there reaches its own subscribers only, so the server is not ready.
import t, { type Test } from 'tap';
import { startRedis, type TestRedis } from '../harness/redis.js';
import { startServer, type TestServer } from '../harness/server.js';
import { open } from '../harness/sockets.js';

const WORKERS = 2;
const serverOf = (t: Test, url: string, ...flags: string[]) =>
  startServer(t, ['--workers', String(WORKERS), '--redis', url, ...flags], { waitReady: false });

async function startPair(t: Test): Promise<{ master: TestRedis; replica: TestRedis }> {
  const master = await startRedis(t, { flags: ['--repl-diskless-sync-delay', '0'] });
  const replica = await startRedis(t, {
    flags: ['--replicaof', `127.0.0.1 ${master.port}`, '--repl-diskless-load', 'swapdb'],
  });
  return { master, replica };
}

const isReplica = async (server: TestServer): Promise<void> =>
  server.until(async () => /broker: a replica of 127\.0\.0\.1:\d+/.test((await server.readyReason()) ?? ''));

t.test('on a replica, that is promoted and demoted', async (t) => {
  const { master, replica } = await startPair(t);
  const server = await serverOf(t, replica.url);
  await isReplica(server);
  t.equal((await server.stats()).broker.connected, false);
  t.equal(await server.metric('tenm_broker_publisher_connected'), 0);
  t.equal(await server.metric('tenm_broker_connected'), WORKERS, 'the workers hear it all the same');
  const refused = await server.fetch('/publish/news', { method: 'POST', body: 'x' });
  t.equal(refused.status, 503, 'a message that would reach the clients here only is not taken');
  t.match(await refused.text(), /a replica of/);
  t.equal(server.process.count(/broker publisher cannot publish.*a replica of/), 1);
  const connection = await open(server.url('news'));
  await replica.publish('news', 'here');
  await connection.messages(1);

  await replica.command('REPLICAOF', 'NO', 'ONE');
  await server.untilReady();
  t.equal(await server.publish('news', 'there'), 202);
  await connection.messages(2);
  t.same(connection.texts, ['here', 'there']);

  await replica.command('REPLICAOF', '127.0.0.1', String(master.port));
  await isReplica(server);
  t.equal(server.process.count(/broker publisher cannot publish.*a replica of/), 2);
  t.equal(await server.metric('tenm_broker_reconnects_total'), 0);
  connection.socket.terminate();
});

t.test('where ROLE is forbidden INFO tells; where both are, nothing is held against Redis', async (t) => {
  const { replica } = await startPair(t);
  const noRole = await serverOf(t, await replica.user('no-role', '+@all', '-role', 'allchannels'));
  await isReplica(noRole);
  const neither = await serverOf(
    t,
    await replica.user('neither', '+@all', '-role', '-info', 'allchannels'),
    ...['--log-level', 'debug'],
  );
  await neither.untilReady();
  t.equal(neither.process.count(/"level":"debug".*does not tell whether it is a master/), 2);
});
