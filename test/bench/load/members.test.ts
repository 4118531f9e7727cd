import t from 'tap';
import { Members } from '../../../bench/load/members.js';
import { nowMs, stampText } from '../../../bench/stamp.js';
import { splitLoad } from '../../../client/load/load-plan.js';
import { TestServer } from '../../harness/websocket-server.js';

t.test('messages and pings are timed', async (t) => {
  const server = await TestServer.listen((socket) => {
    socket.on('pong', () => server.server.emit('read'));
    socket.send(stampText(nowMs() - 50, 1));
    socket.send('no stamp');
    socket.send('');
    socket.ping();
  });
  const [task] = splitLoad(
    {
      address: '127.0.0.1',
      host: '127.0.0.1',
      firstPort: server.port,
      connections: 1,
      connectionsPerPort: 1,
      channel: 'c{n}',
      ratePerSecond: undefined,
      idleTimeoutMs: 0,
      reconnects: false,
      prints: false,
    },
    1,
    1,
  );
  const startedAtMs = nowMs();
  const members = new Members(task!, 1000);
  const read = new Promise((resolve) => server.server.once('read', resolve));
  members.start();
  await Promise.all([members.tried, read]);
  t.match(members.counts, { connected: 1, messages: 2, pings: 2 });
  t.equal(members.messageLatency.count, 1);
  t.ok(members.messageLatency.minMs! >= 49);
  t.ok(members.lastMessageAtMs >= startedAtMs && members.lastMessageAtMs <= nowMs());
  t.equal(members.pingLag!.histogram.count, 1, 'the first ping is the beat, the second is against it');
  await members.stop();
  await server.close();
});
