import t, { type Test } from 'tap';
import { RedisPublisher } from '../../../server/broker/redis-publisher.js';
import { type Answer, healthy, startFakeRedis } from '../../harness/fake-redis.js';
import { keptLog } from '../../harness/log.js';
import { startRedis } from '../../harness/redis.js';

const PROBES = '$10m/probe/test';
const bytes = Buffer.from('x');

function startPublisher(t: Test, url: string) {
  const log = keptLog();
  const publisher = new RedisPublisher(url, '*', PROBES, log.logger);
  t.teardown(() => publisher.stop());
  publisher.start();
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  return { publisher, log, until, isUp: () => publisher.state.isConnected };
}

t.test('it publishes, and before it is connected it says so', async (t) => {
  const redis = await startRedis(t);
  const { publisher, until, isUp } = startPublisher(t, redis.url);
  await t.rejects(publisher.publish('news', bytes), {
    code: 'BROKER_UNAVAILABLE',
    message: 'Redis: not connected yet',
  });
  await until(isUp);
  t.same(publisher.state, { isConnected: true, reason: '', isMaster: true });
  await publisher.publish('news', bytes);
  await publisher.probe(bytes);
});

t.test(
  'the answer to a probe tells whether publishing works; other channels are tried all the same',
  async (t) => {
    const redis = await startRedis(t);
    const url = await redis.user('push', '+@all', 'resetchannels', '&news');
    const { publisher, log, until } = startPublisher(t, url);
    await until(() => publisher.state.reason !== 'not connected yet');
    t.match(publisher.state, {
      isConnected: false,
      reason: /^NOPERM .*; the Redis user needs \+publish &\$10m\/\*$/,
    });
    await publisher.publish('news', bytes);
    await t.rejects(
      publisher.publish('sport', bytes),
      { code: 'BROKER_UNAVAILABLE' },
      'a channel of its own right',
    );
    t.match(publisher.state, { isConnected: false, reason: /NOPERM/ });
    await redis.user('push', '&$10m/*');
    await publisher.probe(bytes);
    t.match(publisher.state, { isConnected: true, reason: '' });
    await t.rejects(publisher.publish('sport', bytes), { message: /NOPERM/ });
    t.match(publisher.state, { isConnected: true }, 'one channel says nothing about the others');
    t.same(
      log.lines.map(({ message }) => message),
      ['broker publisher cannot publish', 'broker publisher connected'],
    );
  },
);

t.test('at a replica nothing is published but probes', async (t) => {
  let role = 'master';
  const answer: Answer = (words, socket) =>
    words[0] === 'ROLE' && role === 'slave'
      ? '*5\r\n$5\r\nslave\r\n$8\r\n10.0.0.1\r\n:6379\r\n$9\r\nconnected\r\n:0\r\n'
      : healthy(words, socket);
  const fake = await startFakeRedis(t, answer);
  const { publisher, until, isUp } = startPublisher(t, fake.url);
  await until(isUp);
  role = 'slave';
  await publisher.probe(bytes);
  t.match(publisher.state, { isConnected: false, isMaster: false, reason: /^a replica of 10\.0\.0\.1:6379/ });
  await t.rejects(publisher.publish('news', bytes), { message: /^Redis: a replica of/ });
  const published = () => fake.commands.filter(([word]) => word === 'PUBLISH').map(([, channel]) => channel);
  t.notOk(published().includes('news'));
  role = 'master';
  await publisher.probe(bytes);
  t.match(publisher.state, { isConnected: true, isMaster: true });
  await publisher.publish('news', bytes);
});

t.test('Redis is busy with a script', async (t) => {
  let isBusy = false;
  const fake = await startFakeRedis(t, (...asked) =>
    isBusy ? '-BUSY Redis is busy running a script.\r\n' : healthy(...asked),
  );
  const { publisher, until, isUp } = startPublisher(t, fake.url);
  await until(isUp);
  isBusy = true;
  await publisher.probe(bytes);
  t.match(publisher.state, { isConnected: false, reason: /^BUSY/ });
  isBusy = false;
  await publisher.probe(bytes);
  t.ok(isUp());
  t.equal(fake.acceptedMs.length, 1);
});

t.test('a publication that is not answered: nobody knows, and the publisher is told in time', async (t) => {
  let isMute = false;
  const fake = await startFakeRedis(t, (...asked) => (isMute ? undefined : healthy(...asked)));
  const { publisher, until, isUp } = startPublisher(t, fake.url);
  await until(isUp);
  isMute = true;
  await t.rejects(publisher.publish('news', bytes), {
    code: 'BROKER_UNAVAILABLE',
    message: 'Redis: no answer within 5 s',
  });
  await until(() => !isUp());
  await t.rejects(
    publisher.publish('news', bytes),
    { message: 'Redis: silent for 6 s' },
    'at once from now on',
  );
  await t.rejects(publisher.probe(bytes), { code: 'BROKER_UNAVAILABLE' });
});
