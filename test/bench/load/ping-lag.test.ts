import t from 'tap';
import { PingLag } from '../../../bench/load/ping-lag.js';

t.test('ping lag is measured against the best beat', async (t) => {
  const lag = new PingLag(2, 1000);
  for (const nowMs of [5010, 6000, 7000, 8030]) lag.onPing(0, nowMs);
  lag.onPing(1, 5500);
  t.equal(lag.histogram.count, 3);
  t.equal(lag.histogram.minMs, 0);
  t.equal(lag.histogram.maxMs, 30);
});
