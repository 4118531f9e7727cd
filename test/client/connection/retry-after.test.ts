import t from 'tap';
import { retryAfterMs } from '../../../client/connection/retry-after.js';

const nowMs = Date.UTC(2026, 10, 6, 8, 49, 7);
const after = (value: string | undefined, date?: string) => retryAfterMs(value, date, nowMs);

t.test('seconds', async (t) => {
  t.equal(after('120'), 120_000);
  t.equal(after('0'), 0);
  t.equal(after('9'.repeat(400)), Number.POSITIVE_INFINITY);
});

t.test('a date in each of the three forms', async (t) => {
  for (const date of [
    'Fri, 06 Nov 2026 08:49:37 GMT',
    'Friday, 06-Nov-26 08:49:37 GMT',
    'Fri Nov  6 08:49:37 2026',
  ]) {
    t.equal(after(date), 30_000, date);
  }
  t.equal(after('Fri, 06 Nov 2026 08:49:00 GMT'), 0, 'one that has passed');
});

t.test('the clock of the server counts where the answer tells it', async (t) => {
  t.equal(after('Fri, 06 Nov 2026 08:49:37 GMT', 'Fri, 06 Nov 2026 08:49:35 GMT'), 2000);
  t.equal(after('Fri, 06 Nov 2026 08:49:37 GMT', 'yesterday'), 30_000);
});

t.test('what says nothing', async (t) => {
  for (const value of [
    undefined,
    '',
    '-1',
    '1.5',
    '1e3',
    '0x10',
    'soon',
    'Fri, 06 Xyz 2026 08:49:37 GMT',
    '2026-11-06T08:49:37Z',
    'Fri, 06 Nov 2026 08:49:37 CET',
  ]) {
    t.equal(after(value), undefined, String(value));
  }
});
