import t from 'tap';
import {
  hostAndPort,
  type LoadSpread,
  localAddressOf,
  pathOf,
  portOf,
  splitLoad,
} from '../../../client/load/load-plan.js';

const spread: LoadSpread = {
  address: '127.0.0.1',
  host: 'localhost',
  firstPort: 10_000,
  connections: 10,
  connectionsPerPort: 50_000,
  channel: 'c{n}',
  ratePerSecond: undefined,
  idleTimeoutMs: 0,
  reconnects: false,
  prints: false,
};

t.test('every number is in one task, in contiguous blocks', async (t) => {
  for (const connections of [1, 2, 10, 999, 100_001]) {
    for (const workers of [1, 2, 7]) {
      const tasks = splitLoad({ ...spread, connections, ratePerSecond: 50 }, workers, 19_800);
      let next = 0;
      for (const task of tasks) {
        t.equal(task.firstNumber, next);
        t.ok(task.count >= 1 && task.count <= 19_800);
        next += task.count;
      }
      t.equal(next, connections);
      const rate = tasks.reduce((sum, task) => sum + task.ratePerSecond!, 0);
      t.ok(Math.abs(rate - 50) < 1e-6, 'the rate is shared out');
    }
  }
});

t.test('as many processes as asked for, as the fd limit needs, as there are connections', async (t) => {
  t.equal(splitLoad({ ...spread, connections: 100 }, 3, 1000).length, 3);
  t.equal(splitLoad({ ...spread, connections: 100_000 }, 2, 19_800).length, 6);
  t.equal(splitLoad({ ...spread, connections: 2 }, 8, 1000).length, 2);
});

t.test('ports', async (t) => {
  const task = splitLoad({ ...spread, connections: 150_000 }, 1, 1_000_000)[0]!;
  t.same(
    [0, 49_999, 50_000, 149_999].map((n) => portOf(task, n)),
    [10_000, 10_000, 10_001, 10_002],
  );
});

t.test('source addresses are spread on 127/8 only, and only where one port gets many', async (t) => {
  const of = (changes: Partial<LoadSpread>, number: number): string | undefined =>
    localAddressOf(splitLoad({ ...spread, ...changes }, 1, 1_000_000)[0]!, number);
  t.equal(of({ connections: 20_000 }, 19_999), undefined);
  t.equal(of({ connections: 100_000, connectionsPerPort: 20_000 }, 99_999), undefined);
  t.equal(of({ connections: 100_000, address: '10.0.0.1' }, 99_999), undefined);
  t.same(
    [0, 4_999, 5_000, 1_280_000].map((n) => of({ connections: 3_000_000 }, n)),
    ['127.0.0.1', '127.0.0.1', '127.0.0.2', '127.0.1.1'],
  );
});

t.test('paths', async (t) => {
  const path = (channel: string): string => pathOf({ ...splitLoad({ ...spread, channel }, 1, 1000)[0]! }, 7);
  t.equal(path('c{n}'), '/c7');
  t.equal(path('a/{n}/{n} b?#%é'), '/a/7/7%20b%3F%23%25%C3%A9');
  t.equal(hostAndPort('::1', 80), '[::1]:80');
  t.equal(hostAndPort('h', 80), 'h:80');
});
