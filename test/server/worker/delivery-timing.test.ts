import t from 'tap';
import { DeliveryTiming } from '../../../server/worker/delivery-timing.js';

/** Times that were observed. */
const countOf = (timing: DeliveryTiming) =>
  timing.report().handover.counts.reduce((sum, count) => sum + count, 0);

t.test('of small channels, the first message of each turn of the loop is timed until its end', async (t) => {
  let nowMs = 1000;
  const timing = new DeliveryTiming(() => nowMs);
  timing.served();
  nowMs += 250;
  timing.served();
  await new Promise((resolve) => setImmediate(resolve));
  t.equal(countOf(timing), 1);
  t.equal(timing.report().handover.sum, 0.25);
  timing.served();
  await new Promise((resolve) => setImmediate(resolve));
  t.equal(countOf(timing), 2);
});

t.test('of big channels, each batch is timed from its oldest message', (t) => {
  const timing = new DeliveryTiming(() => 3000);
  timing.batchServed(1000, 20);
  t.equal(timing.report().handover.sum, 2);
  t.equal(timing.report().batchMessages.sum, 20);
  t.end();
});
