// Handshakes that take for ever (the attack is known as Slowloris): they are cut, and members are served meanwhile.
import t from 'tap';
import { ATTACKERS_CHANNEL, RawSocket, statusesIn, swarm } from '../harness/attackers.js';
import { handshakeBytes } from '../harness/sockets.js';
import { startVictim } from '../harness/victim.js';

const PATH = `/${ATTACKERS_CHANNEL}`;
const good = handshakeBytes(PATH);
/** Between two pieces of a slow handshake: often enough to look alive. */
const PIECE_MS = 250;
/** uWS looks every 4 s for what is 10 s old; a busy machine adds to that. */
const LONGEST_MS = 16_000;

t.test('slow handshakes', async (t) => {
  const victim = await startVictim(t, ['--max-connections', '600']);
  const { port } = victim.server;

  await t.test('handshakes that take for ever are cut within 12 s', async (t) => {
    /** How the bytes of a handshake come, one piece after the other. */
    const forms: readonly (() => Generator<string>)[] = [
      function* silence() {},
      function* byteByByte() {
        yield* good.slice(0, -1);
      },
      function* headerWithoutEnd() {
        yield good.slice(0, -2);
        for (;;) yield 'X: y\r\n';
      },
    ];
    const lastedMs: number[] = [];
    let answered = 0;
    const lastOne = async (form: () => Generator<string>, isRehearsal: boolean) => {
      const raw = new RawSocket(port);
      await raw.connected();
      const startMs = performance.now();
      const pieces = form();
      const timer = setInterval(() => {
        const { value } = pieces.next();
        if (value !== undefined) raw.write(value);
      }, PIECE_MS);
      if (isRehearsal) raw.reset();
      await raw.closed;
      clearInterval(timer);
      if (!isRehearsal) lastedMs.push(performance.now() - startMs);
      if (raw.text !== '') answered++;
    };
    await victim.survives(t, async (isRehearsal) => {
      await Promise.all(
        forms.flatMap((form) => Array.from({ length: 100 }, () => lastOne(form, isRehearsal))),
      );
    });
    const longestMs = Math.max(...lastedMs);
    t.equal(lastedMs.length, 300);
    t.equal(answered, 0);
    t.comment(`after ${(Math.min(...lastedMs) / 1000).toFixed(1)} to ${(longestMs / 1000).toFixed(1)} s`);
    t.ok(longestMs < LONGEST_MS, 'in time');
    t.equal(
      await victim.server.metric('tenm_connections_rejected_total', 'reason="handshake_timeout"'),
      300,
      'each is counted, and none that left before',
    );
  });

  await t.test('a body that takes for ever is not waited for', async (t) => {
    let answers = 0;
    await victim.survives(t, () =>
      swarm(200, 100, async () => {
        const raw = new RawSocket(port);
        raw.write(`POST ${PATH} HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nx`);
        await raw.closed;
        if (statusesIn(raw.text) === '405') answers++;
      }),
    );
    t.equal(answers, 400);
  });

  await t.test('every place is free again', (t) => victim.hasAllItsRoom(t));
});
