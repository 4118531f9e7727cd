import t from 'tap';
import type { Connections } from '../../../server/worker/connections.js';
import { WorkerDrain } from '../../../server/worker/drain.js';

/** So many connections, and when each was closed with which reason. */
function crowd(size: number) {
  const closed: { reason: string; text: string }[] = [];
  const connections = {
    get size() {
      return size - closed.length;
    },
    endOne(reason: string, text: string) {
      if (closed.length === size) return false;
      closed.push({ reason, text });
      return true;
    },
  } as unknown as Connections;
  return { connections, closed };
}

t.test('all connections are closed with the reason and the hint, no faster than the rate', async (t) => {
  const { connections, closed } = crowd(60);
  const startMs = performance.now();
  await new Promise<void>((resolve) => {
    new WorkerDrain(connections, resolve).obey({
      reason: 'stopping',
      ratePerSecond: 200,
      retry: 'retry=1-2',
    });
    t.ok(closed.length < 30, `${closed.length} at once`);
  });
  t.same(new Set(closed.map(({ reason, text }) => `${reason} ${text}`)), new Set(['stopping retry=1-2']));
  t.equal(closed.length, 60);
  t.ok(performance.now() - startMs >= 250, 'that takes a quarter of a second at least');
});

t.test('a later order takes the place of an earlier one', async (t) => {
  const { connections, closed } = crowd(40);
  let ends = 0;
  await new Promise<void>((resolve) => {
    const drain = new WorkerDrain(connections, () => {
      ends++;
      resolve();
    });
    drain.obey({ reason: 'restarting', ratePerSecond: 1, retry: 'retry=1-2' });
    drain.obey({ reason: 'stopping', ratePerSecond: 100_000, retry: 'retry=3-4' });
  });
  t.equal(closed.filter(({ reason }) => reason === 'stopping').length, 39);
  t.equal(ends, 1);
});

t.test('without connections it ends at once', async (t) => {
  const { connections } = crowd(0);
  await new Promise<void>((resolve) => {
    new WorkerDrain(connections, resolve).obey({ reason: 'stopping', ratePerSecond: 1, retry: 'retry=1-1' });
  });
  t.pass('ended');
});
