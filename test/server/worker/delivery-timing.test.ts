import t from 'tap';
import { DeliveryTiming } from '../../../server/worker/delivery-timing.js';

const sampleOf = (timing: DeliveryTiming, name: string) =>
  timing
    .report()
    .flatMap(({ values }) => values)
    .find(({ metricName }) => metricName === `tenm_${name}`)?.value;

t.test('of small channels, the first message of each turn of the loop is timed until its end', async (t) => {
  let nowMs = 1000;
  const timing = new DeliveryTiming(() => nowMs);
  timing.served();
  nowMs += 250;
  timing.served();
  await new Promise((resolve) => setImmediate(resolve));
  t.equal(sampleOf(timing, 'delivery_handover_seconds_count'), 1);
  t.equal(sampleOf(timing, 'delivery_handover_seconds_sum'), 0.25);
  timing.served();
  await new Promise((resolve) => setImmediate(resolve));
  t.equal(sampleOf(timing, 'delivery_handover_seconds_count'), 2);
});

t.test('of big channels, each batch is timed from its oldest message', (t) => {
  const timing = new DeliveryTiming(() => 3000);
  timing.batchServed(1000, 20);
  t.equal(sampleOf(timing, 'delivery_handover_seconds_sum'), 2);
  t.equal(sampleOf(timing, 'delivery_batch_messages_sum'), 20);
  t.end();
});
