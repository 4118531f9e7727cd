import { AggregatorRegistry, Histogram, Registry } from 'prom-client';
import t from 'tap';
import { BucketHistogram } from '../../../server/metrics/bucket-histogram.js';
import { EMPTY_SUMS, type ReportSums } from '../../../server/metrics/worker-report.js';
import {
  counters,
  type Exposed,
  gauge,
  histogram,
  type Row,
  reportOf,
  workerGauge,
  workerHistogram,
} from '../../../server/primary/metric-row.js';

const VALUES = [0, 1, 1.5, 2, 7, 8, 100];

const observed = new BucketHistogram([1, 2, 8]);
for (const value of VALUES) observed.observe(value);
const sums: ReportSums = {
  ...EMPTY_SUMS,
  gauges: { ...EMPTY_SUMS.gauges, connections: 5 },
  reasons: { closed: { client: 1, lost: 2 }, rejected: {}, dropped: {} },
  histograms: { ...EMPTY_SUMS.histograms, age: observed.report() },
};
const exposed = {
  total: sums,
  byNumber: new Map([[3, sums]]),
  certificate: undefined,
} as unknown as Exposed;

const textOf = (...rows: Row[]) => AggregatorRegistry.aggregate([reportOf(rows, exposed, 'tenm_')]).metrics();

for (const [kind, row, labels] of [
  ['over all workers', histogram('x', 'What x is.', ({ histograms }) => histograms.age), {}],
  ['of each worker', workerHistogram('x', 'What x is.', ({ histograms }) => histograms.age), { worker: '3' }],
] as const) {
  t.test(`a histogram ${kind} is exposed like prom-client's own with the same observations`, async (t) => {
    const registry = new Registry();
    const theirs = new Histogram({
      name: `tenm_${row.name}`,
      help: 'What x is.',
      buckets: [1, 2, 8],
      labelNames: Object.keys(labels),
      registers: [registry],
    });
    for (const value of VALUES) theirs.observe(labels, value);
    const expected = AggregatorRegistry.aggregate([await registry.getMetricsAsJSON()]);
    t.equal(await textOf(row), await expected.metrics());
  });
}

t.test('rows expose their values, labels and workers', async (t) => {
  const text = await textOf(
    gauge('connections', 'Open.', ({ total }) => total.gauges.connections),
    counters('closed_total', 'reason', 'Closed.', ({ total }) => total.reasons.closed),
    workerGauge('connections', 'Open of each.', ({ gauges }) => gauges.connections),
  );
  t.match(text, /^# HELP tenm_connections Open\.\n# TYPE tenm_connections gauge\ntenm_connections 5$/m);
  t.match(text, /^tenm_closed_total\{reason="client"\} 1\ntenm_closed_total\{reason="lost"\} 2$/m);
  t.match(text, /^tenm_worker_connections\{worker="3"\} 5$/m);
});

t.test('a metric that this server does not have is left out', async (t) => {
  const text = await textOf(
    gauge('expiry', 'Of the certificate.', ({ certificate }) => certificate?.expiresAtS),
  );
  t.notMatch(text, 'expiry');
});
