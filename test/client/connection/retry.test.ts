import t from 'tap';
import { asksToReturn, mayReturn, parseRetryHint, retryDelayMs } from '../../../client/connection/retry.js';

t.test('hints', async (t) => {
  t.same(parseRetryHint('retry=1-60'), { minMs: 1000, maxMs: 60_000 });
  t.same(parseRetryHint('retry=0-0'), { minMs: 0, maxMs: 0 });
  t.same(parseRetryHint('retry=0.5-1.25'), { minMs: 500, maxMs: 1250 });
  for (const none of [
    '',
    'retry=',
    'retry=5',
    'retry=5-1',
    'retry=-1-5',
    'retry=1-1e9',
    'retry=1-60 ',
    'xretry=1-2',
  ]) {
    t.equal(parseRetryHint(none), undefined, JSON.stringify(none));
  }
});

t.test('a delay lies within the hint, whatever the attempt', async (t) => {
  t.equal(
    retryDelayMs('retry=2-10', 7, () => 0),
    2000,
  );
  t.equal(
    retryDelayMs('retry=2-10', 0, () => 0.5),
    6000,
  );
});

t.test('without a hint: exponential backoff with full jitter, bounded', async (t) => {
  t.equal(
    retryDelayMs('', 0, () => 0),
    0,
  );
  t.equal(
    retryDelayMs('', 0, () => 0.5),
    250,
  );
  t.equal(
    retryDelayMs('bye', 3, () => 0.5),
    2000,
  );
  t.equal(
    retryDelayMs('', 2000, () => 0.5),
    15_000,
  );
});

t.test('codes', async (t) => {
  t.same([1000, 1001, 1006, 1008, 1012, 1013, 4000].filter(asksToReturn), [1001, 1012, 1013]);
  t.same(
    [1000, 1001, 1006, 1008, 4000].filter((code) => !mayReturn(code)),
    [1008],
  );
});
