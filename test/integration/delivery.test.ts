import { randomBytes } from 'node:crypto';
import t, { type Test } from 'tap';
import { startRedis } from '../harness/redis.js';
import { startServer, type TestServer } from '../harness/server.js';
import { drop, open, openMany } from '../harness/sockets.js';

/** Sizes around everything that has a size: empty, the length forms of a frame, uWS's cork buffer, the limit. */
const SIZES = [1, 125, 126, 16_383, 16_384, 16_385, 65_535, 65_536, 300_000, 1_048_575, 1_048_576];

const textOf = (size: number, i: number): string => `${i}:`.padEnd(size, 'abcdefghij').slice(0, size);

async function deliversEverySize(t: Test, server: TestServer, publish: (body: Buffer) => Promise<unknown>) {
  const connections = await openMany(4, () => server.url('sizes'));
  const sent = SIZES.flatMap((size, i) => [
    Buffer.from(textOf(size, i)),
    Buffer.concat([randomBytes(size - 1), Buffer.of(0xff)]),
  ]);
  for (const body of sent) await publish(body);
  for (const connection of connections) {
    await connection.messages(sent.length);
    t.ok(
      connection.received.every(({ data }, i) => data.equals(sent[i]!)),
      'every message whole and in order',
    );
    t.ok(
      connection.received.every(({ isBinary }, i) => isBinary === (i % 2 === 1)),
      'text where it is UTF-8, else binary',
    );
  }
  drop(connections);
}

t.test('embedded broker', async (t) => {
  const server = await startServer(t, ['--workers', '2']);
  await deliversEverySize(t, server, (body) => server.publish('sizes', body));

  await t.test('an empty message is a message', async (t) => {
    const connection = await open(server.url('empty'));
    await server.publish('empty', '');
    await server.publish('empty', 'after');
    await connection.messages(1);
    t.equal(connection.pings.length, 1, 'which looks like a ping');
    drop([connection]);
  });

  await t.test('one channel does not hear another, and each connection gets a message once', async (t) => {
    const connections = await openMany(300, (i) => server.url(`room/${i % 3}`));
    for (const room of [0, 1, 2]) await server.publish(`room%2F${room}`, `to ${room}`);
    await Promise.all(connections.map((connection) => connection.messages(1)));
    t.ok(connections.every(({ texts }, i) => texts.length === 1 && texts[0] === `to ${i % 3}`));
    drop(connections);
  });

  await t.test('to many channels at once', async (t) => {
    const connections = await openMany(3, (i) => server.url(`many-${i}`));
    const response = await server.fetch('/publish', {
      method: 'POST',
      body: JSON.stringify({ channels: ['many-0', 'many-2'], message: 'héllo' }),
    });
    t.equal(response.status, 202);
    t.same(await response.json(), { channels: ['many-0', 'many-2'], bytes: 6 });
    await server.publish('many-1', 'end');
    await Promise.all(connections.map((connection) => connection.messages(1)));
    t.same(
      connections.map(({ texts }) => texts),
      [['héllo'], ['end'], ['héllo']],
    );
    drop(connections);
  });
});

t.test(
  'a channel of more members than a slice holds: each gets each message once, in order, bursts too',
  async (t) => {
    const server = await startServer(t, ['--workers', '1']);
    const members = await openMany(1300, () => server.url('big'));
    const [bystander] = await openMany(1, () => server.url('small'));
    t.equal((await server.stats()).channels, 2);
    const count = 100;
    for (let i = 0; i < count; i++) {
      await server.publish('big', i % 10 === 9 ? textOf(17_000, i) : `m${i}`);
      if (i === 50) drop(members.splice(0, 100));
    }
    await server.publish('small', 'end');
    await bystander!.messages(1);
    await Promise.all(members.map((member) => member.messages(count)));
    const expected = Array.from({ length: count }, (_, i) => (i % 10 === 9 ? textOf(17_000, i) : `m${i}`));
    t.ok(
      members.every(({ texts }) => texts.length === count && texts.every((text, i) => text === expected[i])),
    );
    drop([...members, bystander!]);
    await server.until(async () => (await server.stats()).channels === 0);
    const late = await openMany(2, () => server.url('big'));
    await server.publish('big', 'again');
    await Promise.all(late.map((member) => member.messages(1)));
    t.same(
      late.map(({ texts }) => texts),
      [['again'], ['again']],
    );
    drop(late);
  },
);

t.test('Redis', async (t) => {
  const redis = await startRedis(t);
  const server = await startServer(t, ['--workers', '2', '--redis', redis.url, '--max-message', '1048576']);

  await deliversEverySize(t, server, (body) => redis.publish('sizes', body));

  await t.test(
    'HTTP publish is a PUBLISH, reserved and too big messages are dropped and counted',
    async (t) => {
      const connections = await openMany(8, () => server.url('news'));
      t.equal(await redis.publish('news', 'from redis'), 2, 'one connection per worker');
      t.equal(await server.publish('news', 'from http'), 202);
      await redis.publish('$1/news', 'not for you');
      await redis.publish('news', 'x'.repeat(1_048_577));
      await redis.publish('nobody', 'unrouted');
      await redis.publish('news', 'last');
      for (const connection of connections) {
        await connection.messages(3);
        t.same(connection.texts, ['from redis', 'from http', 'last']);
      }
      t.equal(await server.metric('tenm_messages_dropped_total', 'reason="too_big"'), 2);
      t.equal(await server.metric('tenm_messages_dropped_total', 'reason="reserved"'), 2);
      t.ok((await server.metric('tenm_messages_unrouted_total')) >= 2);
      drop(connections);
    },
  );

  await t.test('lost and back: clients stay, one line per change, and messages flow again', async (t) => {
    const connection = await open(server.url('news'));
    await redis.process.stop();
    await server.until(async () => /broker/.test((await server.readyReason()) ?? ''));
    t.equal(await server.publish('news', 'lost'), 503);
    t.equal((await server.fetch('/healthz')).status, 200);
    await server.process.line(/broker subscription lost/);
    await redis.restart();
    await server.untilReady();
    await redis.publish('news', 'back');
    await connection.messages(1);
    t.same(connection.texts, ['back']);
    t.equal(server.process.count(/broker subscription lost/), 2, 'one line per worker, not per retry');
    t.equal(server.process.count(/broker publisher lost/), 1);
    t.equal(await server.metric('tenm_broker_connected'), 2);
    t.equal(await server.metric('tenm_broker_reconnects_total'), 2);
    drop([connection]);
  });
});

t.test('Redis away at start, and a pattern', async (t) => {
  const redis = await startRedis(t);
  await redis.process.stop();
  const args = ['--workers', '1', '--redis', redis.url, '--redis-pattern', 'news.*'];
  const server = await startServer(t, args, { waitReady: false });
  const connections = await openMany(2, (i) => server.url(['news.eu', 'sport'][i]!));
  t.match(await server.readyReason(), /broker/);
  await redis.restart();
  await server.untilReady();
  await redis.publish('sport', 'no');
  await redis.publish('news.eu', 'yes');
  await connections[0]!.messages(1);
  t.same(
    connections.map(({ texts }) => texts),
    [['yes'], []],
  );
  drop(connections);
});
