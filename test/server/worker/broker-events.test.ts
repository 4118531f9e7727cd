import t from 'tap';
import { newProbeIdentity, probePayload } from '../../../server/broker/probe.js';
import type { FromWorker } from '../../../server/ipc.js';
import { BrokerEvents } from '../../../server/worker/broker-events.js';
import { Counters } from '../../../server/worker/counters.js';
import type { Delivery } from '../../../server/worker/delivery.js';

const probes = newProbeIdentity();

function events() {
  const told: FromWorker[] = [];
  const counters = new Counters();
  const seen = { connected: 0, delivered: [] as string[] };
  const events = new BrokerEvents(
    probes,
    {
      deliver: (channel: Buffer, payload: Buffer) => seen.delivered.push(`${channel} ${payload}`),
    } as unknown as Delivery,
    counters,
    (message) => told.push(message),
    () => seen.connected++,
  );
  return { events, told, counters, seen };
}

t.test('the primary learns of probes of this server, and of nothing else on their channel', async (t) => {
  const { events: broker, told } = events();
  const publishedNs = process.hrtime.bigint();
  for (const forged of ['', 'x', String(publishedNs), '9'.repeat(1000)]) broker.onProbe(Buffer.from(forged));
  t.same(told, []);
  broker.onProbe(probePayload(probes, publishedNs));
  broker.onProbe(probePayload(probes, publishedNs));
  t.match(told, [{ kind: 'probe', publishedNs, tally: { opened: 0 } }]);
});

t.test('a subscription may hand on its functions without the object', async (t) => {
  const { events: broker, told, counters, seen } = events();
  const { onMessage, onProbe, onState, onReplaced } = broker;
  onMessage(Buffer.from('news'), Buffer.from('hello'));
  onState({ isConnected: true, reason: '' });
  onProbe(probePayload(probes, process.hrtime.bigint()));
  onReplaced();
  t.same(seen.delivered, ['news hello']);
  t.equal(told.length, 2);
  t.equal(counters.brokerReconnects, 1);
});

t.test('the state is handed on; a subscription that was replaced is a reconnect', async (t) => {
  const { events: broker, told, counters, seen } = events();
  const isUp = { isConnected: true, reason: '' };
  broker.onState({ isConnected: false, reason: 'not yet' });
  t.equal(broker.isConnected, false);
  broker.onState(isUp);
  broker.onState({ isConnected: true, reason: 'NOPERM' });
  broker.onState(isUp);
  t.equal(broker.isConnected, true);
  t.equal(seen.connected, 3);
  t.equal(told.length, 4);
  t.equal(counters.brokerReconnects, 0);
  broker.onReplaced();
  t.equal(counters.brokerReconnects, 1);
});
