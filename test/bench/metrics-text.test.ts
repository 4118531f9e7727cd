import t from 'tap';
import { metricTotal } from '../../bench/metrics-text.js';

t.test('metrics', async (t) => {
  const text =
    '# HELP a_total x\n# TYPE a_total counter\na_total{r="x y"} 3\na_total{r="z"} 4.5\na_total_more 9\nb 1e-3\n';
  t.equal(metricTotal(text, 'a_total'), 7.5);
  t.equal(metricTotal(text, 'b'), 0.001);
  t.equal(metricTotal(text, 'c'), undefined);
});
