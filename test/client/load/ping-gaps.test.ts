import t from 'tap';
import { PingGaps } from '../../../client/load/ping-gaps.js';

t.test('gaps between the pings of each connection', async (t) => {
  const gaps = new PingGaps(3);
  gaps.onPing(0, 1000);
  gaps.onPing(1, 1500);
  t.equal(gaps.histogram.count, 0, 'the first ping ends no gap');
  gaps.onPing(0, 3000);
  gaps.onPing(1, 4500);
  t.same([gaps.histogram.count, gaps.histogram.minMs, gaps.histogram.maxMs], [2, 2000, 3000]);
  t.equal(gaps.pinged, 2, 'each slot once');
});

t.test('the time between two connections of a slot is no gap', async (t) => {
  const gaps = new PingGaps(1);
  gaps.onOpen(0);
  gaps.onPing(0, 1000);
  gaps.onOpen(0);
  gaps.onPing(0, 9000);
  gaps.onPing(0, 9500);
  t.same([gaps.histogram.count, gaps.histogram.maxMs], [1, 500]);
  t.equal(gaps.pinged, 1);
});
