import t from 'tap';
import { messageOnWire, pmessageBytes } from '../../../server/plan/wire.js';

t.test('a ping is 92 bytes out and an acknowledgement of 90 in', async (t) => {
  // WebSocket 2 + TCP 32 + IP 20 + Ethernet 38.
  t.same(messageOnWire(0, false), { out: 92, in: 90 });
  t.same(messageOnWire(0, true), { out: 92 + 22, in: 90 });
});

t.test('frame headers grow with the payload, and each segment has its own headers', async (t) => {
  t.equal(messageOnWire(125, false).out, 125 + 2 + 90);
  t.equal(messageOnWire(126, false).out, 126 + 4 + 90);
  t.same(messageOnWire(1444, false), { out: 1448 + 90, in: 90 });
  t.same(messageOnWire(1445, false), { out: 1449 + 2 * 90, in: 90 });
  t.same(messageOnWire(65_536, false), { out: 65_546 + 46 * 90, in: 23 * 90 });
  t.equal(messageOnWire(16_384, true).out - messageOnWire(16_384, false).out, 2 * 22, 'two records');
});

t.test('a pmessage has the length that Redis sends', async (t) => {
  const frame = `*4\r\n$8\r\npmessage\r\n$1\r\n*\r\n$2\r\nc1\r\n$11\r\nhello world\r\n`;
  t.equal(pmessageBytes(2, 11), frame.length);
});
