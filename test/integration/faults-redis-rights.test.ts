// What a Redis user may not do: nothing that works is given up, nothing is done twice, and the missing right is named.
import t, { type Test } from 'tap';
import { startRedis, type TestRedis } from '../harness/redis.js';
import { startServer, type TestServer } from '../harness/server.js';
import { drop, openMany } from '../harness/sockets.js';

const WORKERS = 2;
const PROBES_RIGHT = '&$10m/*';

const serverOf = (t: Test, url: string) =>
  startServer(t, ['--workers', String(WORKERS), '--redis', url, '--redis-pattern', 'news*'], {
    waitReady: false,
  });

/** A number of `INFO commandstats` about a command, such as `rejected_calls`. */
async function commandStat(redis: TestRedis, command: string, stat: string): Promise<number> {
  const text = String(await redis.command('INFO', 'commandstats'));
  return Number(new RegExp(`^cmdstat_${command}:.*\\b${stat}=(\\d+)`, 'm').exec(text)?.[1] ?? 0);
}

/** The ids of the connections that are subscribed. */
async function subscribers(redis: TestRedis): Promise<string[]> {
  const text = String(await redis.command('CLIENT', 'LIST', 'TYPE', 'pubsub'));
  return [...text.matchAll(/^id=(\d+)/gm)].map(([, id]) => id!).toSorted();
}

const reasonOf = async (server: TestServer, pattern: RegExp): Promise<void> =>
  server.until(async () => pattern.test((await server.readyReason()) ?? ''));

t.test(
  'no right to subscribe to the probes: messages come, once, before and after it is granted',
  async (t) => {
    const redis = await startRedis(t);
    const server = await serverOf(t, await redis.user('push', '+@all', 'resetchannels', '&news*'));
    await reasonOf(server, /worker \d may not receive from the broker: NOPERM .*\+subscribe &\$10m\/\*/);
    const connections = await openMany(20, () => server.url('news'));
    const sent: string[] = [];
    const publish = async (): Promise<void> => {
      sent.push(`message ${sent.length}`);
      t.equal(await redis.publish('news', sent.at(-1)!), WORKERS, 'Redis counts each worker once');
    };
    const before = await subscribers(redis);
    for (let round = 0; round < 4; round++) {
      await publish();
      const rejected = await commandStat(redis, 'subscribe', 'rejected_calls');
      await server.until(
        async () => (await commandStat(redis, 'subscribe', 'rejected_calls')) >= rejected + WORKERS,
      );
    }
    await redis.user('push', PROBES_RIGHT);
    await server.untilReady();
    await publish();
    await Promise.all(connections.map((connection) => connection.messages(sent.length)));
    for (const { texts } of connections) t.same(texts, sent);
    t.same(await subscribers(redis), before, 'no subscription was given up');
    t.equal(await server.metric('tenm_broker_reconnects_total'), 0);
    t.equal(server.process.count(/broker subscription is refused/), WORKERS, 'each reason is told once');
    t.equal(server.process.count(/broker publisher cannot publish.*&\$10m/), 1);
    drop(connections);
  },
);

t.test('no right to the pattern: refused and named, and soon there once it is granted', async (t) => {
  const redis = await startRedis(t);
  const server = await serverOf(t, await redis.user('push', '+@all', 'resetchannels', PROBES_RIGHT));
  await reasonOf(server, /worker \d is not connected to the broker: NOPERM .*\+psubscribe &news\*/);
  t.equal(await server.metric('tenm_broker_connected'), 0);
  t.equal(server.process.count(/broker subscription connected/), 0);
  await redis.user('push', '&news*');
  await server.untilReady();
  const connections = await openMany(20, () => server.url('news'));
  t.equal(await redis.publish('news', 'a'), WORKERS);
  await redis.publish('news', 'b');
  await Promise.all(connections.map((connection) => connection.messages(2)));
  for (const { texts } of connections) t.same(texts, ['a', 'b']);
  t.equal(server.process.count(/broker subscription is refused/), WORKERS);
  t.equal(server.process.count(/broker subscription lost/), 0);
  drop(connections);
});

t.test('no right to publish: the subscriptions stay, and the refusal is named', async (t) => {
  const redis = await startRedis(t);
  const server = await serverOf(t, await redis.user('push', '+@all', '-publish', 'allchannels'));
  await reasonOf(server, /broker: NOPERM .*publish.*\+publish &\$10m\/\*/);
  await server.until(async () => (await server.metric('tenm_broker_connected')) === WORKERS);
  t.equal(await server.metric('tenm_broker_publisher_connected'), 0);
  const response = await server.fetch('/publish/news', { method: 'POST', body: 'x' });
  t.equal(response.status, 503);
  t.match(await response.text(), /NOPERM/);
  const connections = await openMany(20, () => server.url('news'));
  const before = await subscribers(redis);
  t.equal(before.length, WORKERS);
  const pings = await commandStat(redis, 'ping', 'calls');
  // Nothing comes meanwhile, not even a probe: each worker asks for a sign of life by itself.
  await server.until(
    async () =>
      (await subscribers(redis)).join() !== before.join() ||
      (await commandStat(redis, 'ping', 'calls')) >= pings + 3 * WORKERS,
  );
  t.same(await subscribers(redis), before, 'no subscription was given up');
  t.equal(await redis.publish('news', 'x'), WORKERS);
  await Promise.all(connections.map((connection) => connection.messages(1)));
  t.equal(server.process.count(/broker publisher connected/), 0);
  t.equal(server.process.count(/broker publisher cannot publish/), 1);
  await redis.user('push', '+publish');
  await server.untilReady();
  t.equal(await server.metric('tenm_broker_publisher_connected'), 1);
  t.equal(await server.publish('news', 'y'), 202);
  await Promise.all(connections.map((connection) => connection.messages(2)));
  t.equal(await server.metric('tenm_broker_reconnects_total'), 0);
  drop(connections);
});

t.test('rights that are taken away while the server runs', async (t) => {
  const redis = await startRedis(t);
  const server = await serverOf(t, await redis.user('push', '+@all', 'allchannels'));
  await server.untilReady();
  await redis.user('push', '-publish');
  await reasonOf(server, /broker: NOPERM/);
  await redis.user('push', '+publish');
  await server.untilReady();
  // Redis cuts the connections that are subscribed to what they may not hear any more.
  await redis.user('push', 'resetchannels', PROBES_RIGHT);
  await reasonOf(server, /worker \d is not connected to the broker: NOPERM/);
  await redis.user('push', 'allchannels');
  await server.untilReady();
  t.equal(await server.metric('tenm_broker_reconnects_total'), WORKERS);
  await redis.command('ACL', 'DELUSER', 'push');
  await reasonOf(server, /WRONGPASS/);
  await redis.user('push', '+@all', 'allchannels');
  await server.untilReady();
  t.equal(await server.metric('tenm_broker_reconnects_total'), 2 * WORKERS);
});
