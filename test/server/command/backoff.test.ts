import t from 'tap';
import { backoffMs } from '../../../server/command/backoff.js';

const bounds = { firstMs: 500, maxMs: 30_000 };

t.test('the longest wait doubles with each attempt, up to the bound', async (t) => {
  t.same(
    [0, 1, 3, 5, 6, 2000].map((attempt) => backoffMs(attempt, bounds, () => 1)),
    [500, 1000, 4000, 16_000, 30_000, 30_000],
  );
});

t.test('a wait lies anywhere between 0 and the longest one', async (t) => {
  t.equal(
    backoffMs(3, bounds, () => 0),
    0,
  );
  t.equal(
    backoffMs(3, bounds, () => 0.25),
    1000,
  );
});
