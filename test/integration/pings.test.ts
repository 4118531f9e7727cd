import t from 'tap';
import { startServer } from '../harness/server.js';
import { drop, open, openMany, openWithoutReading } from '../harness/sockets.js';

t.test('each silent connection gets an empty text message once per interval', async (t) => {
  const server = await startServer(t, ['--workers', '2', '--ping-interval', '1']);
  const connections = await openMany(500, (i) => server.url(`c${i}`));
  await Promise.all(connections.map((connection) => connection.until(() => connection.pings.length >= 4)));
  const gaps = connections
    .flatMap(({ pings }) => pings.slice(1).map((at, i) => at - pings[i]!))
    .sort((a, b) => a - b);
  t.ok(
    gaps[Math.floor(gaps.length / 2)]! > 950 && gaps[Math.floor(gaps.length / 2)]! < 1050,
    'an interval apart',
  );
  t.equal(connections.flatMap(({ received }) => received).length, 0, 'and nothing else');
  t.ok((await server.metric('tenm_pings_sent_total')) >= 2000);
  t.ok((await server.metric('tenm_ping_lag_seconds_count')) > 0);
  drop(connections);
});

t.test('ping frames: who answers stays, who does not is closed', async (t) => {
  const server = await startServer(t, [
    '--workers',
    '1',
    '--ping-interval',
    '0.5',
    '--ping-type',
    'frame',
    '--pong-timeout',
    '1',
  ]);
  const good = await open(server.url('news'));
  const mute = await open(server.url('news'), { autoPong: false } as object);
  let frames = 0;
  good.socket.on('ping', () => frames++);
  t.same((await mute.closed).code, 1006);
  t.equal(await server.metric('tenm_connections_closed_total', 'reason="pong_timeout"'), 1);
  t.ok(frames >= 2);
  t.equal(good.pings.length, 0, 'no empty messages');
  await server.publish('news', 'hello');
  await good.messages(1);
  drop([good]);
});

t.test('pings off', async (t) => {
  const server = await startServer(t, ['--workers', '1', '--ping-interval', '0', '--write-timeout', '0.5']);
  const connection = await open(server.url('news'));
  const deaf = await openWithoutReading(server.port, 'news');
  const gone = server.until(
    async () => (await server.metric('tenm_connections_closed_total', 'reason="too_slow"')) === 1,
  );
  while ((await server.stats()).connections === 2) await server.publish('news', Buffer.alloc(500_000));
  await gone;
  t.equal(connection.pings.length, 0);
  t.equal(await server.metric('tenm_pings_sent_total'), 0);
  drop([connection]);
  deaf.destroy();
});
