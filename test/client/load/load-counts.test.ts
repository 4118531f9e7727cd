import t from 'tap';
import { HandshakeError } from '../../../client/connection/handshake.js';
import { countUnder, failureName, haveTried, noCounts, sumCounts } from '../../../client/load/load-counts.js';

t.test('the counts of several processes', async (t) => {
  const one = { ...noCounts(), connected: 2, peakConnected: 5, made: 5, messages: 7, lastMadeAtMs: 20 };
  const other = { ...noCounts(), connected: 4, peakConnected: 4, made: 4, unprinted: 3, lastMadeAtMs: 10 };
  countUnder(one.closedByCode, 1001);
  countUnder(other.closedByCode, 1001);
  countUnder(other.failures, 'ECONNREFUSED');
  t.match(sumCounts([one, other]), {
    connected: 6,
    peakConnected: 6,
    made: 9,
    messages: 7,
    unprinted: 3,
    lastMadeAtMs: 20,
    closedByCode: { 1001: 2 },
    failures: { ECONNREFUSED: 1 },
  });
  t.strictSame(sumCounts([]), noCounts());
});

t.test('when all has been tried', async (t) => {
  t.equal(haveTried({ ...noCounts(), made: 2, failed: 1 }, 3), true);
  t.equal(haveTried({ ...noCounts(), made: 2 }, 3), false);
});

t.test('what an error is counted under', async (t) => {
  t.equal(failureName(new HandshakeError('HTTP 403 no', { status: 403 })), 'HTTP 403');
  t.equal(failureName(new HandshakeError('wrong Sec-WebSocket-Accept')), 'wrong Sec-WebSocket-Accept');
  t.equal(failureName(Object.assign(new Error('x'), { code: 'ECONNRESET' })), 'ECONNRESET');
});
