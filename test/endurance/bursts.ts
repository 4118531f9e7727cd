// node dist/test/endurance/bursts.js [MESSAGES]: bursts of 1 KB messages, as fast as they are taken, through Redis and HTTP.
import t from 'tap';
import { clean, httpSender, Ledger, type Send } from '../harness/ledger.js';
import { startRedis } from '../harness/redis.js';
import { startServer } from '../harness/server.js';
import { drop, openMany } from '../harness/sockets.js';

const MESSAGES = Number(process.argv[2] ?? 200_000);
const MESSAGE_BYTES = 1024;
/** One publisher for each, that waits for an answer before the next message; with Redis, for a batch of them. */
const CHANNELS = Array.from({ length: 16 }, (_, i) => `burst-${i}`);
const BATCH = { embedded: 1, redis: 250 };

t.setTimeout(1_800_000);

/** Publishes a channel's share of the burst, a batch at a time. */
async function burst(ledger: Ledger, channel: string, batch: number, send: Send): Promise<void> {
  const share = MESSAGES / CHANNELS.length;
  for (let sent = 0; sent < share; sent += batch) {
    await Promise.all(
      Array.from({ length: Math.min(batch, share - sent) }, () => ledger.publish(channel, send)),
    );
  }
}

for (const broker of ['redis', 'embedded'] as const) {
  t.test(`${MESSAGES} messages through ${broker === 'redis' ? 'Redis' : 'HTTP'}`, async (t) => {
    t.setTimeout(900_000);
    const redis = broker === 'redis' ? await startRedis(t) : undefined;
    const server = await startServer(t, [
      ...['--workers', '2'],
      ...(redis === undefined ? [] : ['--redis', redis.url]),
    ]);
    const ledger = new Ledger(MESSAGE_BYTES);
    const connections = await openMany(CHANNELS.length, (i) => server.url(CHANNELS[i]!));
    for (const [i, connection] of connections.entries()) ledger.join(CHANNELS[i]!, connection);
    const send = redis === undefined ? undefined : await redis.sender(t, 2);
    const startMs = performance.now();
    await Promise.all(
      CHANNELS.map((channel) => burst(ledger, channel, BATCH[broker], send ?? httpSender(server))),
    );
    await ledger.settle();
    const seconds = (performance.now() - startMs) / 1000;
    t.comment(`${Math.round(MESSAGES / seconds)} messages/s`);
    const account = ledger.account();
    t.equal(account.owed, MESSAGES - ledger.unsure);
    t.match(account, clean, 'each arrived once, in order');
    t.equal(ledger.unsure, 0, 'no publisher was turned away');
    drop(connections);
  });
}
