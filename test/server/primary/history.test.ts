import t from 'tap';
import type { Tally } from '../../../server/metrics/worker-report.js';
import { History, SECONDS_PER_POINT } from '../../../server/primary/history.js';
import { NO_TALLY } from '../../../server/primary/tallies.js';
import type { WorkerHandle } from '../../../server/primary/worker-handle.js';

type Seen = Pick<WorkerHandle, 'state' | 'silentS' | 'broker'>;

const worker = (parts: Partial<Seen> = {}): Seen => ({
  state: 'listening',
  silentS: 1,
  broker: { isConnected: true, reason: '' },
  ...parts,
});

/** What the workers have counted, as a multiple. */
const tally = (times: number): Tally => ({
  opened: 10 * times,
  closed: 5 * times,
  messagesReceived: 40 * times,
  messagesDelivered: 1000 * times,
  pingsSent: times,
});

/** The history of a server with two workers, which begins at 0 ms. */
function historyOf() {
  let total = NO_TALLY;
  let workers: readonly Seen[] = [worker(), worker()];
  const history = new History(
    {
      tallies: {
        get total() {
          return total;
        },
      },
      workers: () => workers,
    },
    0,
  );
  return {
    /** Lets the seconds of a point pass. */
    add(nowMs: number, tally: Tally, seen: readonly Seen[] = [worker(), worker()]): void {
      total = tally;
      workers = seen;
      for (let second = 1; second <= SECONDS_PER_POINT; second++) history.beat(nowMs);
    },
    report: (nowMs: number, timeMs = nowMs) => history.report(nowMs, timeMs).points,
  };
}

t.test('a point has the connections, and the rates since the point before', (t) => {
  const history = historyOf();
  history.add(5000, tally(1));
  history.add(10_000, tally(3));
  t.same(history.report(11_000, 1_700_000_000_000), [
    // Two workers: a message is received twice.
    [1_699_999_994_000, 5, 2, 1, 4, 200, 0.2],
    [1_699_999_999_000, 15, 4, 2, 8, 400, 0.4],
  ]);
  t.end();
});

t.test('a silent worker leaves a point without values, and the next rates cover the whole time', (t) => {
  const history = historyOf();
  history.add(5000, tally(1));
  history.add(11_000, tally(2), [worker(), worker({ silentS: 6 })]);
  history.add(15_000, tally(5));
  t.same(history.report(15_000).slice(1), [[11_000], [15_000, 25, 4, 2, 8, 400, 0.4]]);
  t.end();
});

t.test('the history does not wait for workers that are starting', (t) => {
  const history = historyOf();
  history.add(5000, tally(1), [worker(), worker({ state: 'starting', silentS: 30 })]);
  t.equal(history.report(5000)[0]!.length, 7);
  t.end();
});

t.test('a worker without the broker does not count for the received messages', (t) => {
  const history = historyOf();
  history.add(10_000, tally(1), [worker(), worker({ broker: { isConnected: false, reason: 'away' } })]);
  t.equal(history.report(10_000)[0]![4], 4);
  t.end();
});

t.test('falling counters do not give a rate below 0', (t) => {
  const history = historyOf();
  history.add(5000, tally(5));
  history.add(10_000, tally(1));
  t.same(history.report(10_000)[1]!.slice(2), [0, 0, 0, 0, 0]);
  t.end();
});

t.test('the history keeps an hour', (t) => {
  const history = historyOf();
  for (let i = 1; i <= 1000; i++) history.add(5000 * i, tally(i));
  const points = history.report(5_000_000);
  t.equal(points.length, 720);
  t.same(points[0]!.slice(0, 2), [5000 * 281, 5 * 281]);
  t.same(points[719]!.slice(0, 2), [5_000_000, 5000]);
  t.end();
});
