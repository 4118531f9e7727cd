import { EventEmitter } from 'node:events';
import t from 'tap';
import type { BrokerState } from '../../../server/broker/broker.js';
import {
  EmbeddedPublisher,
  EmbeddedSubscription,
  type Receiver,
} from '../../../server/broker/embedded-broker.js';
import { MAX_WAITING_BYTES, Outbox } from '../../../server/broker/outbox.js';
import { keptLog } from '../../harness/log.js';

const PROBES = '$10m/probe/test';

/** A worker that takes what is sent to it when it is told to, or always at once. */
function workerOf(number: number) {
  const got: string[] = [];
  let waiting: (() => void)[] = [];
  const worker = {
    number,
    got,
    isStopped: false,
    outbox: new Outbox((channels, _payloads, sent) => {
      const take = () => {
        got.push(...channels.map(String));
        sent();
      };
      if (worker.isStopped) waiting.push(take);
      else queueMicrotask(take);
    }),
    run() {
      worker.isStopped = false;
      for (const take of waiting.splice(0)) take();
    },
    end() {
      waiting = [];
      worker.outbox.close();
    },
  };
  return worker satisfies Receiver;
}

function publisherTo(receivers: readonly Receiver[]) {
  const { logger, lines } = keptLog();
  return { publisher: new EmbeddedPublisher(PROBES, () => receivers, logger), lines };
}

/** One message that fills an outbox. */
const large = Buffer.alloc(MAX_WAITING_BYTES);
const small = Buffer.from('x');

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Waits until a worker has got so many messages. */
async function until(worker: { readonly got: readonly string[] }, count: number): Promise<void> {
  while (worker.got.length < count) await turn();
}

t.test('every worker gets every message, in order', async (t) => {
  const workers = [workerOf(1), workerOf(2)];
  const { publisher } = publisherTo(workers);
  for (let i = 0; i < 100; i++) await publisher.publish(`c${i}`, small);
  await publisher.probe(small);
  const expected = [...Array.from({ length: 100 }, (_, i) => `c${i}`), PROBES];
  for (const worker of workers) {
    await until(worker, 101);
    t.same(worker.got, expected);
  }
});

t.test('without a worker nothing is published', async (t) => {
  await t.rejects(publisherTo([]).publisher.publish('news', small), {
    code: 'BROKER_UNAVAILABLE',
    message: 'no worker is running',
  });
});

t.test('a publisher that is too fast waits, and nothing is overtaken or dropped', async (t) => {
  const [fast, slow] = [workerOf(1), workerOf(2)];
  const { publisher, lines } = publisherTo([fast, slow]);
  slow.isStopped = true;
  await publisher.publish('large', large);
  let published = 0;
  const waiting = ['a', 'b', 'c'].map((channel) => publisher.publish(channel, small).then(() => published++));
  await turn();
  t.equal(published, 0);
  slow.run();
  await Promise.all([...waiting, publisher.publish('d', small)]);
  for (const worker of [fast, slow]) {
    await until(worker, 5);
    t.same(worker.got, ['large', 'a', 'b', 'c', 'd']);
  }
  t.same([publisher.dropped, lines], [0, []]);
});

t.test('a worker that stands still is left out, and the others get everything', async (t) => {
  const [running, stopped] = [workerOf(1), workerOf(2)];
  const { publisher, lines } = publisherTo([running, stopped]);
  stopped.isStopped = true;
  await publisher.publish('large', large);
  await Promise.all(['a', 'b'].map((channel) => publisher.publish(channel, small)));
  t.equal(stopped.outbox.isLeftOut, true);
  t.match(lines, [{ level: 'error', message: /does not keep up/, worker: 2 }]);
  const startedMs = performance.now();
  for (let i = 0; i < 100; i++) await publisher.publish(`c${i}`, small);
  t.ok(performance.now() - startedMs < 1000, 'nobody waits for it any more');
  await publisher.probe(small);
  await until(running, 104);
  t.equal(publisher.dropped, 102, 'the probe does not count');

  stopped.run();
  t.equal(stopped.outbox.isLeftOut, false);
  t.match(lines, [{}, { level: 'warn', message: /caught up/, worker: 2, dropped: 102 }]);
  await publisher.publish('again', small);
  await until(stopped, 2);
  t.same(stopped.got, ['large', 'again']);
  t.equal(publisher.dropped, 102);
});

t.test('where no worker keeps up, publishers are told, and nothing is half published', async (t) => {
  const workers = [workerOf(1), workerOf(2)];
  const { publisher } = publisherTo(workers);
  for (const worker of workers) worker.isStopped = true;
  await publisher.publish('large', large);
  await t.rejects(publisher.publish('a', small), {
    code: 'BROKER_UNAVAILABLE',
    message: 'no worker keeps up',
  });
  t.equal(publisher.dropped, 0);
  for (const worker of workers) worker.run();
  await publisher.publish('b', small);
  for (const worker of workers) {
    await until(worker, 2);
    t.same(worker.got, ['large', 'b']);
  }
});

t.test('a worker that ends keeps nobody waiting', async (t) => {
  const [running, stopped] = [workerOf(1), workerOf(2)];
  const receivers = [running, stopped];
  const { publisher, lines } = publisherTo(receivers);
  stopped.isStopped = true;
  await publisher.publish('large', large);
  const waiting = publisher.publish('a', small);
  receivers.pop();
  stopped.end();
  await waiting;
  await until(running, 2);
  t.same(running.got, ['large', 'a']);
  t.same(lines, []);
});

t.test('a subscription hears what comes from the primary until it is stopped', (t) => {
  const fromPrimary = new EventEmitter();
  const heard: string[] = [];
  const states: BrokerState[] = [];
  const subscription = new EmbeddedSubscription(
    PROBES,
    {
      onMessage: (channel, payload) => heard.push(`${channel}: ${payload}`),
      onProbe: (payload) => heard.push(`probe ${payload}`),
      onState: (state) => states.push(state),
      onReplaced: () => {},
    },
    fromPrimary,
  );
  const messages = (...pairs: [string, string][]) =>
    fromPrimary.emit('message', {
      kind: 'messages',
      channels: pairs.map(([channel]) => Buffer.from(channel)),
      payloads: pairs.map(([, payload]) => Buffer.from(payload)),
    });
  messages(['early', 'x']);
  subscription.start();
  t.match(states, [{ isConnected: true }]);
  fromPrimary.emit('message', { kind: 'shut' });
  messages(['news', '1'], [PROBES, '2'], ['sport', '3']);
  subscription.stop();
  messages(['late', 'x']);
  t.same(heard, ['news: 1', 'probe 2', 'sport: 3']);
  t.end();
});
