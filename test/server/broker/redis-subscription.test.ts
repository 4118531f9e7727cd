import t, { type Test } from 'tap';
import type { BrokerState } from '../../../server/broker/broker.js';
import { RedisSubscription } from '../../../server/broker/redis-subscription.js';
import { type Answer, array, healthy, startFakeRedis } from '../../harness/fake-redis.js';
import { keptLog } from '../../harness/log.js';
import { startRedis } from '../../harness/redis.js';

const PROBES = '$10m/probe/test';

/** A subscription that keeps what it brings, and calls `onMessage` with it. */
function subscribe(t: Test, url: string, onMessage: (text: string) => void = () => {}) {
  const log = keptLog();
  const messages: string[] = [];
  const probes: string[] = [];
  const states: BrokerState[] = [];
  const waiting = new Set<() => void>();
  const wake = () => {
    for (const resolve of waiting) resolve();
    waiting.clear();
  };
  const seen = { replaced: 0 };
  const subscription = new RedisSubscription(url, '*', PROBES, log.logger, {
    onMessage(channel, payload) {
      messages.push(`${channel}: ${payload}`);
      wake();
      onMessage(String(payload));
    },
    onProbe(payload) {
      probes.push(String(payload));
      wake();
      onMessage(String(payload));
    },
    onState(state) {
      states.push(state);
      wake();
    },
    onReplaced() {
      seen.replaced++;
    },
  });
  t.teardown(() => subscription.stop());
  subscription.start();
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await new Promise<void>((resolve) => waiting.add(resolve));
  };
  const isUp = () => states.at(-1)?.isConnected === true;
  return { subscription, log, messages, probes, states, seen, until, isUp };
}

t.test('messages, probes, and a state for each change', async (t) => {
  const redis = await startRedis(t);
  const { messages, probes, states, seen, until, isUp } = subscribe(t, redis.url);
  await until(isUp);
  t.same(states, [
    { isConnected: false, reason: 'not connected yet' },
    { isConnected: true, reason: '' },
  ]);
  await redis.publish('news', 'hello');
  await redis.publish(PROBES, 'probe');
  await until(() => probes.length === 1);
  t.same(messages, ['news: hello', `${PROBES}: probe`], 'the pattern matches the probes as well');
  t.same(probes, ['probe']);
  t.equal(seen.replaced, 0);
  await redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
  await until(() => !isUp());
  await until(isUp);
  t.equal(seen.replaced, 1, 'there is a gap');
});

t.test('an exception in whoever takes a message loses that message, and nothing else', async (t) => {
  const redis = await startRedis(t);
  const { messages, log, states, until, isUp } = subscribe(t, redis.url, (text) => {
    if (text.startsWith('bad')) throw new Error('cannot take it');
  });
  await until(isUp);
  await redis.publish(
    'news',
    ...Array.from({ length: 500 }, (_, i) => (i % 2 === 0 ? `bad ${i}` : `good ${i}`)),
  );
  await redis.publish(PROBES, 'bad');
  await redis.publish('news', 'after');
  await until(() => messages.includes('news: after'));
  t.equal(messages.length, 502);
  t.equal(states.length, 2, 'the connection stands');
  t.match(
    log.lines.filter(({ level }) => level === 'error'),
    [{ message: 'messages could not be handled', error: /cannot take it/, messages: 1 }],
    'one line, not 251',
  );
});

t.test('messages that come together with the answer to PSUBSCRIBE', async (t) => {
  const together: Answer = (words, socket) => {
    const answer = healthy(words, socket);
    return words[0] === 'psubscribe' ? `${answer}${array('pmessage', '*', 'news', 'first')}` : answer;
  };
  const fake = await startFakeRedis(t, together);
  const { messages, until, isUp } = subscribe(t, fake.url);
  await until(isUp);
  t.same(messages, ['news: first']);
});

t.test('what is refused is asked for again, and what is granted is not', async (t) => {
  let refusals = 4;
  const fake = await startFakeRedis(t, (words, socket) =>
    words[0] === 'subscribe' && refusals-- > 0 ? '-NOPERM no\r\n' : healthy(words, socket),
  );
  const { states, log, messages, until } = subscribe(t, fake.url);
  await until(() => states.at(-1)?.reason === '');
  t.same(states.slice(1), [
    { isConnected: true, reason: 'NOPERM no; the Redis user needs +subscribe &$10m/*' },
    { isConnected: true, reason: '' },
  ]);
  const asked = (command: string) => fake.commands.filter(([word]) => word === command).length;
  t.equal(asked('psubscribe'), 1);
  t.equal(asked('subscribe'), 5);
  t.equal(fake.acceptedMs.length, 1);
  t.equal(log.lines.filter(({ level }) => level === 'warn').length, 1);
  for (const socket of fake.sockets) socket.write(array('pmessage', '*', 'news', 'x'));
  await until(() => messages.length > 0);
  t.same(messages, ['news: x']);
});

t.test('any other error ends the connection', async (t) => {
  let isFirst = true;
  const fake = await startFakeRedis(t, (words, socket) => {
    if (words[0] !== 'psubscribe' || !isFirst) return healthy(words, socket);
    isFirst = false;
    return '-NOAUTH Authentication required.\r\n';
  });
  const { states, until, isUp } = subscribe(t, fake.url);
  await until(isUp);
  t.match(states[1], { isConnected: false, reason: /^NOAUTH/ });
  t.equal(fake.acceptedMs.length, 2);
});
