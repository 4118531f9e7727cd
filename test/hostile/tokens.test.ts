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
/** Several times what it takes on two cores of which the flood has one: a machine that does other work must pass too. */
const MOST_P99_MS = 250;

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

  const quiet = await measure();
  const forged = await tokenFor(['news'], {}, 'another secret of more than 32 bytes');
  const flood = new TestProcess('node', [floodMain, String(server.port), String(FLOOD_PER_SECOND), forged]);
  t.teardown(() => flood.stop());
  await flood.line(/"401"/);
  const refusedBefore = await server.metric('tenm_connections_rejected_total');
  const startedMs = performance.now();
  const flooded = await measure();
  const seconds = (performance.now() - startedMs) / 1000;
  const refused = (await server.metric('tenm_connections_rejected_total')) - refusedBefore;
  await flood.stop();
  t.comment(
    `${Math.round(refused / seconds)} handshakes/s refused; p50 ${quiet.p50.toFixed(1)} to ${flooded.p50.toFixed(1)} ms, ` +
      `p99 ${quiet.p99.toFixed(1)} to ${flooded.p99.toFixed(1)} ms; ${flood.lines.at(-1)}`,
  );
  t.ok(refused / seconds > 500, 'it is a flood');
  t.ok(flooded.p99 < MOST_P99_MS, `p99 ${flooded.p99.toFixed(1)} ms`);
  for (const { received } of members) t.equal(received.length, 2 * MESSAGES);
  for (const reason of Object.keys(closeReasons)) {
    t.equal(await server.metric('tenm_connections_closed_total', `reason="${reason}"`), 0, reason);
  }
  t.equal(server.process.count(/"level":"(warn|error)".*token/), 0, 'no line for each');
  drop(members);
});
