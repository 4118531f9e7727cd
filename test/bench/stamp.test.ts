import t from 'tap';
import { readStamp, stampText } from '../../bench/stamp.js';
import { messageTimeMs } from '../../client/load/message-time.js';

t.test('a stamp comes back, and the load client reads its time', async (t) => {
  const stamp = { publishedAtMs: 0, number: 0 };
  const payload = Buffer.from(stampText(1_700_000_000_123.456, 789));
  t.equal(readStamp(payload, stamp), true);
  t.strictSame(stamp, { publishedAtMs: 1_700_000_000_123.456, number: 789 });
  t.equal(messageTimeMs(payload, 1_700_000_000_200), 1_700_000_000_123.456);
  t.equal(readStamp(Buffer.from('hello'), stamp), false);
  t.equal(readStamp(Buffer.alloc(0), stamp), false);
});
