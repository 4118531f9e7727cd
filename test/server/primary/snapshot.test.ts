import t from 'tap';
import { EMPTY_SUMS, type WorkerReport } from '../../../server/metrics/worker-report.js';
import { ClusterReport } from '../../../server/primary/cluster-report.js';
import { type Snapshot, takeSnapshot } from '../../../server/primary/snapshot.js';
import type { WorkerHandle } from '../../../server/primary/worker-handle.js';

const report: WorkerReport = {
  gauges: { ...EMPTY_SUMS.gauges, connections: 5, channels: 2 },
  counters: { ...EMPTY_SUMS.counters, opened: 9, messagesDelivered: 40, pingsSent: 3 },
  reasons: { closed: { client: 4 }, rejected: { origin: 1, token: 2 }, dropped: { too_big: 1, reserved: 1 } },
  histograms: EMPTY_SUMS.histograms,
  process: undefined,
};

const workerOf = (id: number, number: number) =>
  ({
    id,
    number,
    pid: 100 + id,
    generation: 1,
    state: 'listening',
    broker: { isConnected: true, reason: '' },
  }) as unknown as WorkerHandle;

/** A server of two workers, the second of which has not reported yet. */
export function snapshotOf(obstacle?: string): Snapshot {
  const cluster = new ClusterReport();
  cluster.take(1, 1, report);
  return takeSnapshot({
    report: cluster,
    workers: [workerOf(1, 1), workerOf(2, 2)],
    workersWanted: 2,
    workersMissing: 1,
    restarts: 3,
    kills: { silent: 1 },
    version: '1.2.3',
    uptimeSeconds: 60,
    obstacle,
    broker: { kind: 'embedded', isConnected: true, reason: '' },
    droppedBehind: 3,
    stopping: false,
    drain: undefined,
  });
}

t.test('a snapshot holds the sums over the workers, and each worker', (t) => {
  const snapshot = snapshotOf();
  t.match(snapshot, { ready: true, reason: null, connections: 5, opened: 9, rejected: 3, drain: null });
  t.same(snapshot.messages, { received: 0, delivered: 40, unrouted: 0, dropped: 5 });
  t.same(
    snapshot.workers.map(({ pid, connections, delivered }) => [pid, connections, delivered]),
    [
      [101, 5, 40],
      [102, 0, 0],
    ],
    'a worker without a report has counted nothing yet',
  );
  t.end();
});

t.test('the obstacle is the reason why the server is not ready', (t) => {
  t.match(snapshotOf('worker 2 is starting'), { ready: false, reason: 'worker 2 is starting' });
  t.end();
});
