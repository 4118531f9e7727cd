import t from 'tap';
import { BEATS_PER_POINT, History } from '../../../server/primary/history.js';
import type { Snapshot } from '../../../server/primary/snapshot.js';
import { snapshotOf, workerOf } from '../../harness/status-page.js';

const silent = async (): Promise<never> => {
  throw new Error('nothing is collected here');
};
const emptyHistory = () => new History(silent, () => {}, 0);

/** A snapshot whose counters stand at a multiple of what the clients did. */
const counted = (times: number, parts: Partial<Snapshot> = {}): Snapshot =>
  snapshotOf({
    connections: 100 + times,
    opened: 10 * times,
    closed: { client: 2 * times, lost: 3 * times },
    messages: { received: 40 * times, delivered: 1000 * times, unrouted: 0, dropped: 0 },
    pings: times,
    ...parts,
  });

t.test('a point is the connections, and the rates since the point before', (t) => {
  const history = emptyHistory();
  history.add(counted(1), 5000);
  history.add(counted(3), 10_000);
  const { points } = history.report(11_000, 1_700_000_000_000);
  t.same(points, [
    // Two workers: a message is received twice.
    [1_699_999_994_000, 101, 2, 1, 4, 200, 0.2],
    [1_699_999_999_000, 103, 4, 2, 8, 400, 0.4],
  ]);
  t.end();
});

t.test(
  'where a worker did not answer there are no values, and the next rates are those over all of that time',
  (t) => {
    const history = emptyHistory();
    history.add(counted(1), 5000);
    history.add(counted(1, { workersMissing: 1 }), 11_000);
    history.add(counted(5), 15_000);
    const { points } = history.report(15_000, 15_000);
    t.same(points.slice(1), [[11_000], [15_000, 105, 4, 2, 8, 400, 0.4]]);
    t.end();
  },
);

t.test('a worker that does not hear the broker receives nothing', (t) => {
  const history = emptyHistory();
  const broker = { isConnected: false, reason: 'away' };
  history.add(counted(1, { workers: [workerOf(1), workerOf(2, { broker })] }), 10_000);
  t.equal(history.report(10_000, 10_000).points[0]![4], 4);
  t.end();
});

t.test('counters that fall make no rate below 0', (t) => {
  const history = emptyHistory();
  history.add(counted(5), 5000);
  history.add(counted(1), 10_000);
  t.same(history.report(10_000, 10_000).points[1]!.slice(2), [0, 0, 0, 0, 0]);
  t.end();
});

t.test('it keeps an hour', (t) => {
  const history = emptyHistory();
  for (let i = 1; i <= 1000; i++) history.add(counted(i), 5000 * i);
  const { points } = history.report(5_000_000, 5_000_000);
  t.equal(points.length, 720);
  t.same(points[0]!.slice(0, 2), [5000 * 281, 100 + 281]);
  t.same(points[719]!.slice(0, 2), [5_000_000, 1100]);
  t.end();
});

t.test('it collects with every fifth beat, and goes on after a failure', async (t) => {
  let collections = 0;
  const failures: string[] = [];
  const history = new History(
    async () => {
      if (++collections === 1) throw new Error('no answer');
      return counted(1);
    },
    ({ message }) => failures.push(message),
  );
  for (let i = 0; i < 3 * BEATS_PER_POINT - 1; i++) history.beat();
  await new Promise((resolve) => setImmediate(resolve));
  t.equal(collections, 2);
  t.same(failures, ['no answer']);
  t.equal(history.report().points.length, 1);
});
