// node dist/test/endurance/kills.js [SECONDS]: a worker is killed every 3 s, 60 s long, under clients that come back at once.
import t from 'tap';
import { Crowd } from '../harness/crowd.js';
import { clean, httpSender, Ledger } from '../harness/ledger.js';
import { startRedis } from '../harness/redis.js';
import { startServer } from '../harness/server.js';

const SECONDS = Number(process.argv[2] ?? 60);
const EVERY_MS = 3000;
const WORKERS = 4;
const CLIENTS = 4000;
const CHANNELS = ['news', 'sport', 'weather'];

t.setTimeout(1000 * SECONDS + 240_000);

for (const broker of ['embedded', 'redis'] as const) {
  t.test(`${broker} broker: kill -9 of a worker every ${EVERY_MS / 1000} s, ${SECONDS} s long`, async (t) => {
    t.setTimeout(1000 * SECONDS + 120_000);
    const redis = broker === 'redis' ? await startRedis(t) : undefined;
    const server = await startServer(t, [
      ...['--workers', String(WORKERS)],
      ...(redis === undefined ? [] : ['--redis', redis.url]),
    ]);
    const ledger = new Ledger();
    const crowd = new Crowd(server, ledger);
    await crowd.join(CLIENTS, CHANNELS);
    const send = redis === undefined ? httpSender(server) : await redis.sender(t, 1);
    const end = ledger.stream(CHANNELS, send);
    let kills = 0;
    for (const startMs = performance.now(); performance.now() - startMs < 1000 * SECONDS; ) {
      const { workers } = await server.stats();
      const victim = workers[Math.floor(Math.random() * workers.length)];
      if (victim !== undefined) {
        process.kill(victim.pid, 'SIGKILL');
        kills++;
      }
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
    await server.untilReady();
    await server.until(async () => crowd.standing.length === CLIENTS);
    await end();
    await ledger.settle();
    const standing = new Set(crowd.standing);
    const account = ledger.account((connection) => standing.has(connection));
    t.comment(`${kills} kills, ${crowd.codes.length} reconnects, ${account.owed} messages owed`);
    t.match(account, clean, 'nothing is missing since each client came, nothing is twice or out of order');
    t.match({ ...ledger.account(), lost: 0 }, clean, 'nor had anybody before');
    t.equal(await server.metric('tenm_worker_restarts_total'), kills);
    crowd.leave();
  });
}
