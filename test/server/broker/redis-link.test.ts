import t, { type Test } from 'tap';
import type { BrokerState } from '../../../server/broker/broker.js';
import type { RedisClient } from '../../../server/broker/redis-client.js';
import { RedisLink } from '../../../server/broker/redis-link.js';
import { type Answer, healthy, startFakeRedis } from '../../harness/fake-redis.js';
import { keptLog } from '../../harness/log.js';
import { freePorts } from '../../harness/ports.js';
import { startProxy } from '../../harness/proxy.js';
import { startRedis } from '../../harness/redis.js';

const FINE: BrokerState = { isConnected: true, reason: '' };

const setsUp = async (client: RedisClient): Promise<BrokerState> => {
  await client.sendCommand(['PING']);
  return FINE;
};

function startLink(t: Test, url: string, setUp = setsUp) {
  const log = keptLog();
  const states: BrokerState[] = [];
  let wake = (): void => {};
  const link = new RedisLink({
    name: 'publisher',
    url,
    logger: log.logger,
    setUp,
    complaint: 'is refused',
    onState: (state) => {
      states.push(state);
      wake();
    },
  });
  t.teardown(() => link.stop());
  link.start();
  /** Waits for a state, from the one after `from` on. */
  const until = async (is: (state: BrokerState) => boolean, from = 0): Promise<void> => {
    while (!states.slice(from).some(is)) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return { link, log, states, until };
}

const isUp = ({ isConnected }: BrokerState): boolean => isConnected;
const isDown = (state: BrokerState): boolean => !isUp(state);

/** `+PONG` outside of a subscription. */
const answers: Answer = ([command], socket) =>
  command === 'PING' ? '+PONG\r\n' : healthy([command ?? ''], socket);

t.test('a new connection is set up once, whatever became of the one before', async (t) => {
  const redis = await startRedis(t);
  const clients: RedisClient[] = [];
  const { link, log, states, until } = startLink(t, redis.url, async (client) => {
    clients.push(client);
    if (clients.length === 1) throw new Error('half-way');
    return setsUp(client);
  });
  t.same(link.state, { isConnected: false, reason: 'not connected yet' });
  await until(isUp);
  t.equal(clients.length, 2);
  t.equal(clients[0]!.isOpen, false, 'the one that failed is closed');
  const before = states.length;
  await redis.command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  await until(isUp, before);
  t.equal(new Set(clients).size, 3);
  t.equal(link.client, clients[2]);
  t.same(
    log.lines.map(({ message, reason }) => [message, reason]),
    [
      ['broker publisher cannot connect, trying again', 'half-way'],
      ['broker publisher connected', undefined],
      ['broker publisher lost, trying again', 'the connection was closed by Redis'],
      ['broker publisher connected', undefined],
    ],
  );
  const clientsOf = async () =>
    String(await redis.command('CLIENT', 'LIST'))
      .trim()
      .split('\n').length - 1;
  t.equal(await clientsOf(), 1);
  link.stop();
  while ((await clientsOf()) > 0);
  t.pass('none is left open');
});

t.test('what the client cannot read ends the connection', async (t) => {
  const fake = await startFakeRedis(t, answers);
  const { states, until } = startLink(t, fake.url);
  await until(isUp);
  for (const garbage of ['+nobody asked\r\n', 'HTTP/1.1 400 Bad Request\r\n\r\n']) {
    const before = states.length;
    for (const socket of fake.sockets) socket.write(garbage);
    await until(isUp, before);
    t.match(states[before], { isConnected: false, reason: /does not speak the protocol of Redis/ });
  }
  t.equal(fake.acceptedMs.length, 3);
});

t.test('connections that are cut again and again are made more and more seldom', async (t) => {
  const fake = await startFakeRedis(t, (words, socket) => {
    if (words[0] === 'PING') setImmediate(() => socket.resetAndDestroy());
    return answers(words, socket);
  });
  const { states, until } = startLink(t, fake.url);
  await until(isUp);
  const COUNT = 11;
  while (fake.acceptedMs.length < COUNT) await until(isDown, states.length);
  // The longest waits are 50, 100, 200, … 2,000 ms: the sum comes out below this once in 80,000 times. With a backoff
  // that began anew with each connection it would be a quarter of a second.
  const sumMs = fake.acceptedMs[COUNT - 1]! - fake.acceptedMs[0]!;
  t.ok(sumMs > 900, `${COUNT} connections in ${Math.round(sumMs)} ms`);
});

t.test('a connection that answers nothing', async (t) => {
  let isMute = false;
  const fake = await startFakeRedis(t, (...asked) => (isMute ? undefined : answers(...asked)));
  const { link, log, states, until } = startLink(t, fake.url);
  await until(isUp);
  const first = link.client;
  isMute = true;
  await until(isDown);
  t.equal(states.at(-1)!.reason, 'silent for 6 s');
  t.equal(link.client, undefined, 'nothing is asked of it');
  t.ok(link.isInUse(first!), 'it is kept as long as there is no better one');
  await until(({ reason }) => reason === 'no answer within 5 s');
  t.ok(link.isInUse(first!));
  const count = states.length;
  for (const socket of fake.sockets) socket.write('+PONG\r\n');
  await until(isUp, count);
  t.equal(link.client, first, 'its answer comes late, and it is used again');
  await until(isDown, states.length);
  isMute = false;
  await until(isUp, states.length);
  t.not(link.client, first, 'one that never answers is replaced by one that does');
  t.equal(first!.isOpen, false);
  t.match(log.lines[1], { level: 'warn', message: 'broker publisher lost, trying again' });
});

t.test('one that takes over does so once, and the other one is not listened to any more', async (t) => {
  const redis = await startRedis(t);
  const took: boolean[] = [];
  const { link, until } = startLink(t, redis.url, async (client) => {
    took.push(link.heard(client), link.takeOver(client), link.takeOver(client), link.heard(client));
    return FINE;
  });
  await until(isUp);
  t.same(took, [false, true, false, true]);
  const first = link.client!;
  link.lost(first, new Error('enough'));
  t.equal(link.heard(first), false);
  link.judged(first, { isConnected: true, reason: 'too late' });
  t.match(link.state, { isConnected: false, reason: 'enough' });
});

t.test('stopped at any moment, it leaves no connection behind', async (t) => {
  const redis = await startRedis(t);
  const proxy = await startProxy(t, redis.port);
  proxy.slowMs = 200;
  const { link, states } = startLink(t, proxy.url);
  while (proxy.accepted === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  link.stop();
  const refused = startLink(t, `redis://127.0.0.1:${await freePorts(1)}`);
  await refused.until(isDown);
  refused.link.stop();
  await new Promise((resolve) => setTimeout(resolve, 500));
  t.equal(proxy.accepted, 1);
  t.same(states, []);
  t.equal(
    String(await redis.command('CLIENT', 'LIST'))
      .trim()
      .split('\n').length,
    1,
    'only who asks',
  );
});
