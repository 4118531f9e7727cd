import t from 'tap';
import { clean, Ledger } from '../harness/ledger.js';
import { type Direction, startProxy } from '../harness/proxy.js';
import { startRedis, type TestRedis } from '../harness/redis.js';
import { startServer } from '../harness/server.js';
import { drop, openMany, type TestConnection } from '../harness/sockets.js';

const WORKERS = 2;
const CHANNELS = ['news', 'sport', 'weather'];

async function connect(ledger: Ledger, url: (channel: string) => string): Promise<TestConnection[]> {
  const channelOf = (i: number) => CHANNELS[i % CHANNELS.length]!;
  const connections = await openMany(90, (i) => url(channelOf(i)));
  for (const [i, connection] of connections.entries()) ledger.join(channelOf(i), connection);
  return connections;
}

const areOpen = (connections: readonly TestConnection[]): boolean =>
  connections.every(({ socket }) => socket.readyState === socket.OPEN);

t.test('Redis is killed and started again, then moves to another address', async (t) => {
  const redis = await startRedis(t);
  const proxy = await startProxy(t, redis.port);
  const server = await startServer(t, ['--workers', String(WORKERS), '--redis', proxy.url]);
  const ledger = new Ledger();
  const connections = await connect(ledger, (channel) => server.url(channel));

  const end = ledger.stream(CHANNELS, await redis.sender(t, WORKERS));
  await connections[0]!.messages(20);
  await redis.process.stop();
  await server.until(async () => /broker/.test((await server.readyReason()) ?? ''));
  t.equal((await server.fetch('/healthz')).status, 200);
  await redis.restart();
  await server.untilReady();
  const got = connections[0]!.received.length;
  await connections[0]!.messages(got + 20);
  await end();
  await ledger.settle();
  t.match(ledger.account(), clean, 'only what Redis did not take, or had nobody to hand to, is missing');
  t.ok(ledger.unsure > 0, `${ledger.unsure} messages were published while Redis was away`);

  const other = await startRedis(t);
  await redis.process.stop();
  proxy.moveTo(other.port);
  await server.untilReady();
  const unsure = ledger.unsure;
  const endOther = ledger.stream(CHANNELS, await other.sender(t, WORKERS));
  await connections[0]!.messages(connections[0]!.received.length + 20);
  await endOther();
  await ledger.settle();
  t.match(ledger.account(), clean);
  t.equal(ledger.unsure, unsure, 'nothing is missing from where it is now');
  t.ok(areOpen(connections), 'no client noticed');
  t.equal(await server.metric('tenm_broker_reconnects_total'), 2 * WORKERS);
  drop(connections);
});

t.test('Redis stands still until the server is not ready: all is late, nothing is lost', async (t) => {
  const redis = await startRedis(t);
  const server = await startServer(t, ['--workers', String(WORKERS), '--redis', redis.url]);
  const ledger = new Ledger();
  const connections = await connect(ledger, (channel) => server.url(channel));
  const end = ledger.stream(CHANNELS, await redis.sender(t, WORKERS));
  await connections[0]!.messages(20);
  redis.process.child.kill('SIGSTOP');
  const stoppedMs = performance.now();
  await server.until(async () => (await server.readyReason()) !== undefined);
  const seconds = (performance.now() - stoppedMs) / 1000;
  redis.process.child.kill('SIGCONT');
  t.ok(seconds < 10, `/readyz said so after ${seconds.toFixed(1)} s`);
  t.equal((await server.fetch('/healthz')).status, 200);
  await server.untilReady();
  await end();
  await ledger.settle();
  t.match(ledger.account(), clean);
  t.equal(ledger.unsure, 0);
  t.ok(areOpen(connections));
  t.equal(await server.metric('tenm_broker_reconnects_total'), 0);
  drop(connections);
});

t.test(
  'Redis stands still for longer than its connections are trusted: all is late, nothing is lost',
  async (t) => {
    const standStill = async (how: string, stop: (redis: TestRedis) => Promise<() => Promise<void>>) => {
      const redis = await startRedis(t);
      const server = await startServer(t, ['--workers', String(WORKERS), '--redis', redis.url]);
      const ledger = new Ledger();
      const connections = await connect(ledger, (channel) => server.url(channel));
      const end = ledger.stream(CHANNELS, await redis.sender(t, WORKERS));
      await connections[0]!.messages(20);
      const start = await stop(redis);
      const tried = () => server.process.count(/broker subscription cannot connect/);
      await server.until(async () => tried() === WORKERS);
      t.equal((await server.stats()).broker.connected, false, how);
      t.equal(await server.metric('tenm_broker_connected'), 0, how);
      await start();
      await server.untilReady();
      await end();
      await ledger.settle();
      t.match(ledger.account(), clean, how);
      t.equal(ledger.unsure, 0, how);
      t.equal(
        await server.metric('tenm_broker_reconnects_total'),
        0,
        `${how}: the connections that stood are used again`,
      );
      t.ok(areOpen(connections), how);
      drop(connections);
    };
    await Promise.all([
      standStill('stopped', async ({ process: { child } }) => {
        child.kill('SIGSTOP');
        return async () => void child.kill('SIGCONT');
      }),
      standStill('paused', async (redis) => {
        await redis.command('CLIENT', 'PAUSE', '20000', 'ALL');
        return async () => {};
      }),
    ]);
  },
);

t.test(
  'a worker stands still for longer than a connection is trusted: late for its own, nothing is lost',
  async (t) => {
    const redis = await startRedis(t);
    const server = await startServer(t, ['--workers', String(WORKERS), '--redis', redis.url]);
    const ledger = new Ledger();
    const connections = await connect(ledger, (channel) => server.url(channel));
    const end = ledger.stream(CHANNELS, await redis.sender(t, WORKERS));
    const pid = (await server.stats()).workers[0]!.pid;
    process.kill(pid, 'SIGSTOP');
    await server.until(async () => /has not answered for 9 s/.test((await server.readyReason()) ?? ''));
    process.kill(pid, 'SIGCONT');
    await server.untilReady();
    await end();
    await ledger.settle();
    t.match(ledger.account(), clean);
    t.equal(await server.metric('tenm_broker_reconnects_total'), 0);
    drop(connections);
  },
);

t.test('Redis kills the connections', async (t) => {
  const redis = await startRedis(t);
  const server = await startServer(t, ['--workers', String(WORKERS), '--redis', redis.url]);
  const connections = await openMany(20, () => server.url('news'));
  for (let kills = 1; kills <= 3; kills++) {
    await redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await redis.command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await server.until(async () => (await server.metric('tenm_broker_reconnects_total')) === kills * WORKERS);
    await server.untilReady();
    t.equal(await redis.publish('news', `${kills}`), WORKERS, 'each worker is subscribed once');
  }
  await Promise.all(connections.map((connection) => connection.messages(3)));
  for (const { texts } of connections) t.same(texts, ['1', '2', '3']);
  drop(connections);
});

t.test('a connection to the broker that is half dead is found out, torn down and made anew', async (t) => {
  const silenced = async (...directions: Direction[]) => {
    const about = (text: string) => `${directions.join(' and ')}: ${text}`;
    const redis = await startRedis(t);
    const proxy = await startProxy(t, redis.port);
    const server = await startServer(t, ['--workers', String(WORKERS), '--redis', proxy.url]);
    const ledger = new Ledger();
    const connections = await connect(ledger, (channel) => server.url(`${directions}/${channel}`));
    const publish = async (channel: string, text: string) =>
      (await server.publish(encodeURIComponent(`${directions}/${channel}`), text)) === 202;
    for (const channel of CHANNELS) t.ok(await ledger.publish(channel, publish));
    // Redis has taken them; the proxy must have passed them on as well.
    await ledger.settle();

    const accepted = proxy.accepted;
    proxy.silence(...directions);
    const silencedMs = performance.now();
    await server.until(async () => (await server.fetch('/readyz')).status === 503);
    const seconds = (performance.now() - silencedMs) / 1000;
    t.ok(seconds < 10, about(`not ready after ${seconds.toFixed(1)} s`));
    t.equal((await server.fetch('/healthz')).status, 200);
    t.notOk(await ledger.publish('news', publish), about('the publisher is told'));
    const lost = (side: string) => server.process.count(new RegExp(`broker ${side} lost`));
    await server.until(async () => proxy.accepted > accepted + WORKERS && lost('subscription') === WORKERS);
    proxy.heal();

    await server.untilReady();
    for (const channel of CHANNELS) t.ok(await ledger.publish(channel, publish), about('it recovers'));
    await ledger.settle();
    t.match(ledger.account(), clean);
    t.ok(areOpen(connections), about('no client noticed'));
    const reconnects = await server.metric('tenm_broker_reconnects_total');
    // A subscription that takes no commands and brings messages again is as good as another one.
    if (directions.includes('down')) t.equal(reconnects, WORKERS, about('counted'));
    else t.ok(reconnects <= WORKERS, about('counted'));
    t.equal(lost('publisher'), 1);
    t.equal(lost('subscription'), WORKERS);
    drop(connections);
  };
  await Promise.all([silenced('down'), silenced('up'), silenced('up', 'down')]);
});
