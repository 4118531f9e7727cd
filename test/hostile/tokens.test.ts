// A flood of tokens that are not valid, while messages flow to those who are connected.
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { closeReasons } from '../../server/codes.js';
import { TestProcess } from '../harness/processes.js';
import { drop, openMany } from '../harness/sockets.js';
import { startGuardedServer, tokenFor } from '../harness/tokens.js';

const floodMain = fileURLToPath(new URL('../harness/token-flood.js', import.meta.url));

const MEMBERS = 100;
const FLOOD_PER_SECOND = 10_000;
const MESSAGES = 400;
const EVERY_MS = 25;
/** How much later messages may come under forged tokens than under as many handshakes without any. */
const MOST_TIMES = 5;

t.test('tokens that are not valid do not hold up the messages of those who are connected', async (t) => {
  const server = await startGuardedServer(t);
  const token = await tokenFor(['news']);
  const members = await openMany(MEMBERS, () => `${server.url('news')}?token=${token}`);
  const witness = members[0]!;
  const arrivedMs: number[] = [];
  witness.socket.on('message', () => arrivedMs.push(performance.now()));

  const measure = async () => {
    const sentMs: number[] = [];
    arrivedMs.length = 0;
    const startMs = performance.now();
    for (let i = 0; i < MESSAGES; i++) {
      const dueMs = startMs + i * EVERY_MS;
      while (performance.now() < dueMs) await new Promise((resolve) => setTimeout(resolve, 1));
      sentMs.push(performance.now());
      void server.publish('news', `${i}`);
    }
    const before = witness.received.length - arrivedMs.length;
    await witness.messages(before + MESSAGES);
    const latencies = sentMs.map((ms, i) => arrivedMs[i]! - ms).sort((a, b) => a - b);
    return { p50: latencies[MESSAGES / 2]!, p99: latencies[Math.floor(0.99 * MESSAGES)]! };
  };

  /** Measures under a flood; how many handshakes it had refused per second. */
  const measureUnder = async (...forged: string[]) => {
    const flood = new TestProcess('node', [
      floodMain,
      String(server.port),
      String(FLOOD_PER_SECOND),
      ...forged,
    ]);
    t.teardown(() => flood.stop());
    await flood.line(/"401"/);
    const refusedBefore = await server.metric('tenm_connections_rejected_total');
    const startedMs = performance.now();
    const latency = await measure();
    const seconds = (performance.now() - startedMs) / 1000;
    const refused = (await server.metric('tenm_connections_rejected_total')) - refusedBefore;
    await flood.stop();
    const about = `${Math.round(refused / seconds)}/s refused, p50 ${latency.p50.toFixed(1)} ms, p99 ${latency.p99.toFixed(1)} ms`;
    return { ...latency, perSecond: refused / seconds, about };
  };

  const plain = await measureUnder();
  const forged = await measureUnder(await tokenFor(['news'], {}, 'another secret of more than 32 bytes'));
  t.comment(`without a token: ${plain.about}; with forged ones: ${forged.about}`);
  t.ok(forged.perSecond > 500, 'it is a flood');
  t.ok(forged.p50 < MOST_TIMES * Math.max(plain.p50, EVERY_MS), 'to check a token holds up nobody else');
  for (const { received } of members) t.equal(received.length, 2 * MESSAGES);
  for (const reason of Object.keys(closeReasons)) {
    t.equal(await server.metric('tenm_connections_closed_total', `reason="${reason}"`), 0, reason);
  }
  t.equal(server.process.count(/"level":"(warn|error)".*token/), 0, 'no line for each');
  drop(members);
});
