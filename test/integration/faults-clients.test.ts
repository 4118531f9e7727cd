import t from 'tap';
import { clean, httpSender, Ledger } from '../harness/ledger.js';
import { makeNamespace, whyNoNamespaces } from '../harness/namespace.js';
import { startRedis } from '../harness/redis.js';
import { startServer } from '../harness/server.js';
import { drop, openMany, openWithoutReading } from '../harness/sockets.js';

t.test('publishers that flood: the listeners of other channels get each of their messages', async (t) => {
  const redis = await startRedis(t);
  const server = await startServer(t, ['--workers', '1', '--redis', redis.url]);
  const ledger = new Ledger();
  const channelOf = (i: number) => `quiet-${i % 50}`;
  const quiet = await openMany(1000, (i) => server.url(channelOf(i)));
  for (const [i, connection] of quiet.entries()) ledger.join(channelOf(i), connection);
  // Enough for a channel that is served in slices, and more messages at once than may wait there.
  const big = await openMany(520, () => server.url('big'));
  for (const connection of big) ledger.join('big', connection);
  const flooded = await openMany(2, () => server.url('flood'));
  for (const connection of flooded) ledger.join('flood', connection);

  const [send, flood] = await Promise.all([redis.sender(t, 1), redis.sender(t, 1)]);
  const end = ledger.stream(
    Array.from({ length: 50 }, (_, i) => channelOf(i)),
    send,
  );
  await quiet[0]!.messages(5);
  const answers = [
    ...Array.from({ length: 2000 }, () => ledger.publish('big', flood)),
    ...Array.from({ length: 50_000 }, () => ledger.publish('flood', flood)),
  ];
  await Promise.all(answers);
  await quiet[0]!.messages(quiet[0]!.received.length + 5);
  await end();
  await ledger.settle();
  const account = ledger.account();
  t.match(account, clean, `${account.owed} messages: each arrived once, in order`);
  t.equal(ledger.unsure, 0);
  t.equal(await server.metric('tenm_broker_reconnects_total'), 0);
  t.equal(await server.metric('tenm_connections'), quiet.length + big.length + flooded.length);
  drop([...quiet, ...big, ...flooded]);
});

t.test(
  '500 clients stop reading and the link of 100 is cut: the others get all, and all of those are found out',
  { skip: whyNoNamespaces() },
  async (t) => {
    const namespace = makeNamespace(t, 2);
    const [good, doomed] = namespace.links;
    // Few retransmissions and small buffers, so that it takes seconds and little memory.
    namespace.set('tcp_retries2', '3');
    namespace.set('tcp_wmem', '4096 16384 65536');
    const args = ['--workers', '2', '--ping-interval', '2', '--max-backpressure', '262144'];
    const server = await startServer(t, args, { address: good!.address, under: namespace.under });
    const ledger = new Ledger(4096);
    const readers = await openMany(200, () => server.url('news'));
    for (const connection of readers) ledger.join('news', connection);
    const cut = await openMany(100, () => `ws://${doomed!.address}:${server.port}/quiet`);
    const deaf = await Promise.all(
      Array.from({ length: 500 }, () => openWithoutReading(server.port, 'news', good!.address)),
    );

    const startedMs = performance.now();
    const closed = (reason: string) => server.metric('tenm_connections_closed_total', `reason="${reason}"`);
    namespace.cut(doomed!);
    const send = httpSender(server);
    while ((await closed('too_slow')) < deaf.length || (await closed('lost')) < cut.length) {
      for (let i = 0; i < 5; i++) await ledger.publish('news', send);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const seconds = (performance.now() - startedMs) / 1000;
    t.ok(seconds < 30, `found out within ${seconds.toFixed(1)} s`);
    await ledger.settle();
    const account = ledger.account();
    t.match(account, clean, `${account.owed} messages: each arrived once, in order`);
    t.equal(ledger.unsure, 0);
    t.ok(readers.every(({ socket }) => socket.readyState === socket.OPEN));
    t.equal((await server.stats()).connections, readers.length);
    t.equal((await server.fetch('/readyz')).status, 200);
    drop([...readers, ...cut]);
    for (const socket of deaf) socket.destroy();
  },
);
