import t from 'tap';
import type { FromWorker } from '../../../server/ipc.js';
import { BrokerEvents } from '../../../server/worker/broker-events.js';
import { Counters } from '../../../server/worker/counters.js';
import type { Delivery } from '../../../server/worker/delivery.js';

function eventsOf() {
  const delivered: string[] = [];
  const told: FromWorker[] = [];
  const counters = new Counters();
  let connects = 0;
  const delivery = {
    deliver: (channel: Buffer, payload: Buffer) => delivered.push(`${channel} ${payload}`),
  } as unknown as Delivery;
  const events = new BrokerEvents(
    delivery,
    counters,
    (message) => told.push(message),
    () => connects++,
  );
  return { events, delivered, told, counters, connects: () => connects };
}

t.test('a subscription may hand on its functions without the object', (t) => {
  const { events, delivered, told } = eventsOf();
  const { onMessage, onState } = events;
  onMessage(Buffer.from('news'), Buffer.from('hello'));
  onState({ isConnected: true, reason: '' });
  t.same(delivered, ['news hello']);
  t.equal(told.length, 1);
  t.end();
});

t.test('the first connection is none that came back', (t) => {
  const { events, counters, connects } = eventsOf();
  const [up, down] = [
    { isConnected: true, reason: '' },
    { isConnected: false, reason: 'connection refused' },
  ];
  for (const state of [down, up, down, up]) events.onState(state);
  t.equal(counters.brokerReconnects, 1);
  t.equal(connects(), 2);
  t.ok(events.isConnected);
  t.end();
});
