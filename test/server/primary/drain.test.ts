import t from 'tap';
import { EMPTY_SUMS, type WorkerReport } from '../../../server/metrics/worker-report.js';
import { ClusterReport } from '../../../server/primary/cluster-report.js';
import { Drain, retryHint } from '../../../server/primary/drain.js';
import type { WorkerHandle } from '../../../server/primary/worker-handle.js';
import type { WorkerPool } from '../../../server/primary/worker-pool.js';

const reportOf = (connections: number): WorkerReport => ({
  ...EMPTY_SUMS,
  gauges: { ...EMPTY_SUMS.gauges, connections },
  process: undefined,
});

/** A fake worker that ends when it is ordered to drain. */
function workerOf(id: number, { shuts = true } = {}) {
  const orders: { kind: string; order?: { ratePerSecond: number; retry: string; reason: string } }[] = [];
  let end: (how: string) => void = () => {};
  const exited = new Promise<string>((resolve) => {
    end = resolve;
  });
  const worker = {
    id,
    number: id,
    state: 'listening',
    exited,
    shut: async () => shuts,
    send(order: (typeof orders)[number]) {
      orders.push(order);
      if (order.kind === 'drain') end('drained');
    },
  };
  return { worker: worker as unknown as WorkerHandle, orders };
}

function drainOf(connections: readonly number[], ratePerSecond: number) {
  const report = new ClusterReport();
  connections.forEach((count, i) => {
    report.take(i + 1, i + 1, reportOf(count));
  });
  const pool = { collect: async () => 0, kill() {} } as unknown as WorkerPool;
  const warnings: string[] = [];
  const silent = () => {};
  const logger = { debug: silent, info: silent, error: silent, warn: (text: string) => warnings.push(text) };
  return { drain: new Drain(pool, report, ratePerSecond, logger), warnings };
}

t.test('each worker gets its share of the rate and the common hint', async (t) => {
  const { drain } = drainOf([300, 100], 200);
  const workers = [workerOf(1), workerOf(2)];
  await drain.run(
    workers.map(({ worker }) => worker),
    'restarting',
    'test',
  );
  t.same(
    workers.map(({ orders }) => orders.map(({ order }) => order)),
    [
      [{ reason: 'restarting', ratePerSecond: 150, retry: 'retry=1-3' }],
      [{ reason: 'restarting', ratePerSecond: 50, retry: 'retry=1-3' }],
    ],
  );
  t.equal(drain.progress, undefined, 'the drain is over');
});

t.test('a drain does not wait for a worker that does not stop listening in time', async (t) => {
  const { drain, warnings } = drainOf([10, 10], 100);
  const workers = [workerOf(1), workerOf(2, { shuts: false })];
  await drain.run(
    workers.map(({ worker }) => worker),
    'stopping',
    'test',
  );
  t.ok(workers.every(({ orders }) => orders.some(({ kind }) => kind === 'drain')));
  t.equal(warnings.length, 1);
});

t.test(
  'a worker without connections still gets a rate, for connections that arrive after the count',
  async (t) => {
    const { drain } = drainOf([0], 5000);
    const { worker, orders } = workerOf(1);
    await drain.run([worker], 'stopping', 'test');
    t.equal(orders[0]!.order!.ratePerSecond, 1);
  },
);

t.test('the window of the retry hint is as long as the drain', (t) => {
  t.equal(retryHint(0, 5000), 'retry=1-1');
  t.equal(retryHint(10_000, 5000), 'retry=1-3');
  t.equal(retryHint(1, 5000), 'retry=1-2');
  t.end();
});
