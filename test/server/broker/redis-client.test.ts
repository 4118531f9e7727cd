import t from 'tap';
import { newRedisClient } from '../../../server/broker/redis-client.js';
import { healthy, startFakeRedis } from '../../harness/fake-redis.js';
import { startRedis } from '../../harness/redis.js';

t.test('one connection, and no other when it is lost', async (t) => {
  const fake = await startFakeRedis(t);
  const client = newRedisClient(fake.url);
  const errors: Error[] = [];
  client.on('error', (error: Error) => errors.push(error));
  await client.connect();
  t.same(fake.commands, [], 'nothing is asked but by us');
  for (const socket of fake.sockets) socket.destroy();
  await new Promise((resolve) => client.once('terminated', resolve));
  t.equal(client.isOpen, false);
  t.equal(errors.length, 1);
  t.equal(fake.acceptedMs.length, 1);
});

t.test('PING is answered while messages are subscribed to, and messages are buffers', async (t) => {
  const redis = await startRedis(t);
  const client = newRedisClient(redis.url);
  t.teardown(() => client.destroy());
  await client.connect();
  const got = new Promise((resolve) =>
    client.pSubscribe('*', (payload, channel) => resolve([channel, payload]), true),
  );
  t.equal(await client.sendCommand(['PING']), 'pong');
  await redis.publish('news', Buffer.of(0xff, 0));
  t.same(await got, [Buffer.from('news'), Buffer.of(0xff, 0)]);
});

t.test('why Redis refuses a connection is its first answer', async (t) => {
  const fake = await startFakeRedis(t, (words, socket) =>
    words[0] === 'ROLE' ? '-DENIED no\r\n' : healthy(words, socket),
  );
  const client = newRedisClient(fake.url);
  client.on('error', () => {});
  t.teardown(() => client.destroy());
  await client.connect();
  await t.rejects(client.sendCommand(['ROLE']), { message: 'DENIED no' });
});
