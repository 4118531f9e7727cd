// node dist/test/endurance/restarts.js [RESTARTS]: rolling restarts, one after the other, under a stream of messages.
import t from 'tap';
import { asHinted, Crowd } from '../harness/crowd.js';
import { clean, httpSender, Ledger } from '../harness/ledger.js';
import { startRedis } from '../harness/redis.js';
import { startServer } from '../harness/server.js';

const RESTARTS = Number(process.argv[2] ?? 5);
const CLIENTS = 2000;
const CHANNELS = ['news', 'sport', 'weather'];

t.setTimeout(RESTARTS * 120_000);

for (const broker of ['embedded', 'redis'] as const) {
  t.test(`${broker} broker: ${RESTARTS} rolling restarts`, async (t) => {
    t.setTimeout(RESTARTS * 60_000);
    const redis = broker === 'redis' ? await startRedis(t) : undefined;
    const server = await startServer(t, [
      ...['--workers', '2', '--drain-rate', '1000'],
      ...(redis === undefined ? [] : ['--redis', redis.url]),
    ]);
    const ledger = new Ledger();
    const crowd = new Crowd(server, ledger, asHinted);
    await crowd.join(CLIENTS, CHANNELS);
    const send = redis === undefined ? httpSender(server) : await redis.sender(t, 1);
    const end = ledger.stream(CHANNELS, send);
    for (let restart = 0; restart < RESTARTS; restart++) {
      const from = server.process.lines.length;
      server.process.child.kill('SIGHUP');
      await server.process.line(/"restarted"/, from);
      await server.until(async () => crowd.standing.length === CLIENTS);
    }
    await end();
    await ledger.settle();
    const account = ledger.account();
    t.comment(`${crowd.codes.length} closes, ${account.owed} messages owed`);
    t.match(
      account,
      clean,
      'nobody lost, saw twice or saw out of order what was sent while it was connected',
    );
    t.equal(crowd.codes.length, RESTARTS * CLIENTS, 'each client was closed once in each restart');
    t.ok(
      crowd.codes.every((code) => code === 1012),
      'with 1012',
    );
    t.equal(ledger.unsure, 0, 'no publisher was turned away');
    crowd.leave();
  });
}
