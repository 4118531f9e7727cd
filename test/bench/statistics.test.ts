import t from 'tap';
import { mean, percentile, spread } from '../../bench/statistics.js';

t.test('statistics', async (t) => {
  t.equal(mean([1, 2, 6]), 3);
  t.equal(spread([9, 11]), 0.2);
  t.equal(spread([5]), 0);
  t.equal(percentile([5, 1, 4, 2, 3], 0.5), 3);
  t.equal(percentile([5, 1, 4, 2, 3], 0.99), 5);
  t.equal(percentile([], 0.5), undefined);
});
