import t from 'tap';
import { BucketHistogram } from '../../../server/metrics/bucket-histogram.js';

t.test('each observation counts in the bucket with the lowest bound that holds it', (t) => {
  const histogram = new BucketHistogram([1, 2, 8]);
  for (const value of [0, 1, 1.5, 2, 7, 8, 100]) histogram.observe(value);
  t.same(histogram.report(), { bounds: [1, 2, 8], counts: [2, 2, 2, 1], sum: 119.5 });
  t.end();
});

t.test('a report does not change with later observations', (t) => {
  const histogram = new BucketHistogram([1]);
  const before = histogram.report();
  histogram.observe(1);
  t.same(before.counts, [0, 0]);
  t.end();
});
