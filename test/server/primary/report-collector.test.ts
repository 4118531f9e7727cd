import t from 'tap';
import { EMPTY_SUMS, type WorkerReport } from '../../../server/metrics/worker-report.js';
import { ClusterReport } from '../../../server/primary/cluster-report.js';
import { ReportCollector } from '../../../server/primary/report-collector.js';
import type { WorkerHandle } from '../../../server/primary/worker-handle.js';

const report: WorkerReport = { ...EMPTY_SUMS, process: undefined };

function workerOf(id: number, hasLoaded = true) {
  const requests: number[] = [];
  const send = (order: { request: number }) => requests.push(order.request);
  return { id, number: id, hasLoaded, send, requests } as unknown as WorkerHandle & { requests: number[] };
}

t.test('a collection waits for every worker that has loaded its code, and for no other', async (t) => {
  const collector = new ReportCollector(new ClusterReport());
  const workers = [workerOf(1), workerOf(2), workerOf(3, false)];
  const collected = collector.collect(workers, false);
  t.same(workers[2]!.requests, [], 'a worker that is still loading its code is not asked');
  collector.answered(workers[0]!, workers[0]!.requests[0]!, report);
  collector.ended(workers[1]!);
  t.equal(await collected, 0, 'a worker that has ended is not waited for');
});

t.test('a collection without any worker that can answer does not wait', async (t) => {
  const collector = new ReportCollector(new ClusterReport());
  const startMs = performance.now();
  t.equal(await collector.collect([workerOf(1, false)], true), 0);
  t.ok(performance.now() - startMs < 500);
});

t.test('a worker that does not answer in time is missing, but its late answer still counts', async (t) => {
  const cluster = new ClusterReport();
  const collector = new ReportCollector(cluster);
  const worker = workerOf(1);
  t.equal(await collector.collect([worker], false), 1);
  t.equal(cluster.ofWorker(1), undefined);
  collector.answered(worker, worker.requests[0]!, report);
  t.ok(cluster.ofWorker(1));
});

t.test("overlapping rounds do not take each other's answers", async (t) => {
  const collector = new ReportCollector(new ClusterReport());
  const worker = workerOf(1);
  const first = collector.collect([worker], false);
  const second = collector.collect([worker], true);
  let isSecondDone = false;
  void second.then(() => {
    isSecondDone = true;
  });
  collector.answered(worker, worker.requests[0]!, report);
  t.equal(await first, 0);
  t.notOk(isSecondDone);
  collector.answered(worker, worker.requests[1]!, report);
  t.equal(await second, 0);
});
