import t from 'tap';
import { formatBytes, formatCount, formatNumber, formatSpan } from '../../../server/command/quantity.js';

t.test('numbers as people read them', async (t) => {
  t.equal(formatCount(1003002), '1,003,002');
  t.equal(formatCount(0.2), '1', 'half a thing is a whole one');
  t.equal(formatCount(Number.POSITIVE_INFINITY), 'no limit');
  t.equal(formatBytes(0), '0 B');
  t.equal(formatBytes(62_512_000_000), '62.5 GB');
  t.equal(formatBytes(Number.POSITIVE_INFINITY), 'no limit');
  t.equal(formatNumber(0.53333), '0.533');
  t.equal(formatNumber(33333.3), '33,333');
  t.equal(formatSpan({ low: 4.3e9, high: 5.9e9 }, formatBytes), '4.3–5.9 GB');
  t.equal(formatSpan({ low: 9e8, high: 5.9e9 }, formatBytes), '900 MB–5.9 GB');
  t.equal(formatSpan({ low: 850, high: 850 }, formatBytes), '850 B');
});
