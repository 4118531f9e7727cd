import t from 'tap';
import { parseTcpCounter, parseTcpMemory } from '../../../server/host/tcp-memory.js';

const SOCKSTAT = `sockets: used 150
TCP: inuse 51 orphan 0 tw 606 alloc 57 mem 224
UDP: inuse 0 mem 0
`;

t.test('sockets, their buffers and the limit are parsed, in bytes', (t) => {
  t.same(parseTcpMemory(SOCKSTAT, '287898\t383866\t575796\n', 4096), {
    sockets: 57,
    usedBytes: 224 * 4096,
    limitBytes: 575_796 * 4096,
  });
  t.same(parseTcpMemory('', '', 4096), { sockets: 0, usedBytes: 0, limitBytes: Number.POSITIVE_INFINITY });
  t.end();
});

t.test('a counter of netstat is found by its name', (t) => {
  const netstat = `TcpExt: SyncookiesSent ListenOverflows ListenDrops
TcpExt: 0 2295 2300
IpExt: InNoRoutes ListenOverflows
IpExt: 7 8
`;
  t.equal(parseTcpCounter(netstat, 'ListenOverflows'), 2295);
  t.equal(parseTcpCounter(netstat, 'NoSuchCounter'), 0);
  t.equal(parseTcpCounter('', 'ListenOverflows'), 0);
  t.end();
});
