import { AggregatorRegistry, Histogram, Registry } from 'prom-client';
import t from 'tap';
import type { MetricsReport } from '../../../server/ipc.js';
import { BucketHistogram } from '../../../server/metrics/bucket-histogram.js';

const VALUES = [0, 1, 1.5, 2, 7, 8, 100];

t.test('it is exposed as a histogram of prom-client with the same observations', async (t) => {
  const own = new BucketHistogram('x_seconds', 'What x is.', [1, 2, 8], { worker: '3' });
  const registry = new Registry();
  const theirs = new Histogram({
    name: 'tenm_x_seconds',
    help: 'What x is.',
    buckets: [1, 2, 8],
    labelNames: ['worker'],
    registers: [registry],
  });
  for (const value of VALUES) {
    own.observe(value);
    theirs.observe({ worker: '3' }, value);
  }
  const exposition = (report: MetricsReport) => AggregatorRegistry.aggregate([report, report]).metrics();
  t.equal(
    await exposition([own.report()]),
    await exposition((await registry.getMetricsAsJSON()) as unknown as MetricsReport),
  );
});
