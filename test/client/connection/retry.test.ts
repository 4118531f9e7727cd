import t from 'tap';
import type { ConnectionEnd } from '../../../client/connection/connection.js';
import { HandshakeCutError, HandshakeError } from '../../../client/connection/handshake.js';
import { asksToReturn, parseRetryHint, refusalOf, retryDelayMs } from '../../../client/connection/retry.js';

const closed = (reason: string, code = 1012): ConnectionEnd => ({ code, reason });
const failed = (error: Error): ConnectionEnd => ({ code: 1006, reason: '', error });
const answered = (status: number, retryAfterMs?: number): ConnectionEnd =>
  failed(new HandshakeError(`HTTP ${status}`, { status, retryAfterMs }));

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
    retryDelayMs(closed('retry=2-10'), 7, () => 0),
    2000,
  );
  t.equal(
    retryDelayMs(closed('retry=2-10'), 0, () => 0.5),
    6000,
  );
});

t.test('without a hint: exponential backoff with full jitter, bounded', async (t) => {
  const delays = [0, 3, 2000].map((attempt) => retryDelayMs(closed('bye'), attempt, () => 0.5));
  t.same(delays, [250, 2000, 15_000]);
  t.equal(
    retryDelayMs(failed(new Error('ECONNREFUSED')), 0, () => 0),
    0,
  );
});

t.test('never before a Retry-After is over, and backoff from then on', async (t) => {
  for (const status of [429, 503]) {
    t.equal(
      retryDelayMs(answered(status, 3000), 0, () => 0),
      3000,
    );
    t.equal(
      retryDelayMs(answered(status, 3000), 1, () => 0.5),
      3500,
    );
  }
  const longest = retryDelayMs(answered(503, Number.POSITIVE_INFINITY), 0, () => 0.5);
  t.equal(longest, 2 ** 31 - 1, 'no longer than a timer can wait: it would go off at once');
});

t.test('codes', async (t) => {
  t.same([1000, 1001, 1006, 1008, 1012, 1013, 4000].filter(asksToReturn), [1001, 1012, 1013]);
});

t.test('what need not be tried again, and why', async (t) => {
  const codes = [1000, 1001, 1006, 1008, 1012, 1013, 4000];
  t.same(
    codes.filter((code) => refusalOf(closed('', code), true) !== undefined),
    [1008],
  );
  t.equal(refusalOf(closed('token expired', 1008), true)?.message, 'token expired');
  t.equal(refusalOf(closed('', 1008), true)?.message, 'refused by policy (close code 1008)');
  const statuses = [200, 302, 400, 401, 403, 404, 408, 425, 426, 429, 431, 500, 502, 503, 504];
  t.same(
    statuses.filter((status) => refusalOf(answered(status), false) === undefined),
    [408, 425, 429, 500, 502, 503, 504],
    'a server that is busy or broken is asked again',
  );
  t.ok(refusalOf(failed(new HandshakeError('the answer is not HTTP/1.1')), false));
  t.notOk(refusalOf(failed(new HandshakeCutError()), false), 'a server that stops is asked again');
  t.notOk(refusalOf(failed(new Error('ECONNRESET')), false));
});
