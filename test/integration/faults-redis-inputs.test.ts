// What others publish in the same Redis: on the channel of our probes, and under the names that Redis keeps for itself.
import { createClient } from 'redis';
import t from 'tap';
import { startRedis } from '../harness/redis.js';
import { startServer } from '../harness/server.js';
import { drop, open, openMany } from '../harness/sockets.js';

const WORKERS = 2;

t.test(
  'whatever is published on the channel of the probes: no worker gets deaf, and none is deceived',
  async (t) => {
    const redis = await startRedis(t);
    const server = await startServer(t, ['--workers', String(WORKERS), '--redis', redis.url]);
    const connections = await openMany(20, () => server.url('news'));
    const [channel] = (await redis.command('PUBSUB', 'CHANNELS', '$10m/*')) as string[];
    const listener = createClient({ url: redis.url, RESP: 2 });
    await listener.connect();
    const genuine = await new Promise<string>((resolve) => listener.subscribe(channel!, resolve));
    listener.destroy();
    const [, proof] = genuine.split(' ');
    const now = process.hrtime.bigint();
    const forged = [
      ...['x', '', ' ', '-1', '1e9', '0x10', '9'.repeat(400), 'x'.repeat(1_000_000), '💥'],
      ...[String(now), `${now} `, `${now} ${proof}`, `${now} ${'A'.repeat(43)}`, genuine],
    ];
    const probes = await server.metric('tenm_delivery_probe_seconds_count');
    const startMs = performance.now();
    for (let round = 0; round < 20; round++) await redis.publish(channel!, ...forged);
    await redis.publish(channel!, Buffer.of(0xff, 0, 0xc3), Buffer.alloc(64, 0x31));
    await redis.publish('news', 'after');
    await Promise.all(connections.map((connection) => connection.messages(1)));
    const observed = (await server.metric('tenm_delivery_probe_seconds_count')) - probes;
    const seconds = (performance.now() - startMs) / 1000;
    t.ok(observed <= WORKERS * (seconds + 2), `${observed} probes were counted in ${seconds.toFixed(1)} s`);
    t.equal(await server.readyReason(), undefined);
    t.equal(await server.metric('tenm_broker_reconnects_total'), 0);
    t.equal(server.process.count(/"level":"(warn|error)".*"worker"/), 0);
    drop(connections);
  },
);

t.test('the names that Redis keeps for itself are no channels', async (t) => {
  const redis = await startRedis(t, { flags: ['--notify-keyspace-events', 'KEA'] });
  const server = await startServer(t, ['--workers', String(WORKERS), '--redis', redis.url]);
  for (const name of [
    '__keyevent@0__:set',
    '__keyspace@0__:k',
    '__redis__:invalidate',
    '__sentinel__:hello',
  ]) {
    await t.rejects(open(server.url(name)), /400/, name);
    t.equal(await server.publish(encodeURIComponent(name), 'x'), 400, name);
  }
  const connection = await open(server.url('__keyevents'));
  await redis.command('SET', 'k', 'v');
  await redis.publish('__redis__:invalidate', 'x');
  await redis.publish('$SYS/broker', 'x');
  await redis.publish('__keyevents', 'x');
  t.same((await connection.messages(1)).length, 1, 'a name that only looks like one is a channel');
  t.equal(await server.metric('tenm_messages_dropped_total', 'reserved'), 4 * WORKERS);
  t.equal(await server.metric('tenm_messages_received_total'), WORKERS);
  t.equal(server.process.count(/"level":"warn".*keyspace events.*"notify-keyspace-events":"AKE"/), 1);
  await redis.command('CLIENT', 'KILL', 'TYPE', 'normal');
  await server.process.line(/broker publisher lost/);
  await server.untilReady();
  t.equal(server.process.count(/keyspace events/), 1, 'once');
  drop([connection]);

  const narrow = await startServer(t, ['--redis', redis.url, '--redis-pattern', 'news*']);
  t.equal(narrow.process.count(/keyspace events/), 0, 'not where the pattern keeps them out');
  const url = await redis.user('push', '+@all', '-config', 'allchannels');
  const forbidden = await startServer(t, ['--redis', url]);
  t.equal(forbidden.process.count(/keyspace events|NOPERM/), 0, 'not where Redis does not tell');
});
