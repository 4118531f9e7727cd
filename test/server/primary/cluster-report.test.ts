import t from 'tap';
import { EMPTY_SUMS, type WorkerReport } from '../../../server/metrics/worker-report.js';
import { ClusterReport } from '../../../server/primary/cluster-report.js';

const reportOf = (
  connections: number,
  opened: number,
  process: WorkerReport['process'] = undefined,
): WorkerReport => ({
  gauges: { ...EMPTY_SUMS.gauges, connections },
  counters: { ...EMPTY_SUMS.counters, opened },
  reasons: { closed: { client: opened - connections }, rejected: { origin: 1 }, dropped: {} },
  histograms: { ...EMPTY_SUMS.histograms, age: { bounds: [1], counts: [2, 3], sum: 20 } },
  process,
});

t.test('the last reports of all workers are summed field by field', (t) => {
  const cluster = new ClusterReport();
  cluster.take(1, 1, reportOf(9, 9));
  cluster.take(1, 1, reportOf(10, 12));
  cluster.take(2, 2, reportOf(20, 21));
  const { gauges, counters, reasons, histograms } = cluster.total;
  t.equal(gauges.connections, 30);
  t.equal(counters.opened, 33);
  t.same(reasons.closed, { client: 3 });
  t.same(histograms.age, { bounds: [1], counts: [4, 6], sum: 40 });
  t.equal(cluster.ofWorker(1)!.gauges.connections, 10);
  t.equal(cluster.ofWorker(3), undefined);
  t.end();
});

t.test('the counts of an ended worker stay under its number, and its gauges do not', (t) => {
  const cluster = new ClusterReport();
  cluster.take(1, 1, reportOf(10, 12));
  cluster.take(2, 2, reportOf(20, 21));
  cluster.retire(1);
  cluster.retire(1);
  cluster.take(3, 1, reportOf(1, 1));
  t.equal(cluster.total.gauges.connections, 21);
  t.equal(cluster.total.counters.opened, 34);
  t.equal(cluster.byNumber.get(1)!.counters.opened, 13);
  t.equal(cluster.byNumber.get(1)!.gauges.connections, 1);
  t.same([...cluster.byNumber.keys()].sort(), [1, 2]);
  t.end();
});

t.test('all sums are zero before the first report', (t) => {
  t.same(new ClusterReport().total, EMPTY_SUMS);
  t.end();
});

t.test('the prom-client counters of an ended process stay, and its gauges do not', (t) => {
  const metric = (name: string, type: string, value: number) =>
    ({ name, help: name, type, aggregator: 'sum', values: [{ value, labels: {} }] }) as never;
  const cluster = new ClusterReport();
  const processOf = (value: number) => [
    metric('cpu_total', 'counter', value),
    metric('heap', 'gauge', value),
  ];
  cluster.take(1, 1, reportOf(0, 0, processOf(5)));
  cluster.take(1, 1, reportOf(0, 0));
  cluster.take(2, 2, reportOf(0, 0, processOf(7)));
  const valuesOf = (name: string) =>
    cluster.processes.flatMap((report) =>
      report.filter((one) => one.name === name).flatMap(({ values }) => values.map(({ value }) => value)),
    );
  t.same(valuesOf('cpu_total'), [5, 7], 'a report without process metrics keeps the last ones');
  cluster.retire(1);
  t.same(valuesOf('cpu_total').sort(), [5, 7]);
  t.same(valuesOf('heap'), [7]);
  cluster.retire(2);
  t.same(valuesOf('cpu_total'), [12]);
  t.same(valuesOf('heap'), []);
  t.end();
});
