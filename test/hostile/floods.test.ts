// Connections in masses that are not meant: opened and left alone, opened and reset, reset while they are let in.
import t from 'tap';
import { ATTACKERS_CHANNEL, RawSocket, swarm, upgraded } from '../harness/attackers.js';
import { drop, handshakeBytes, openMany } from '../harness/sockets.js';
import { startVictim } from '../harness/victim.js';

const LIMIT = 2400;
const HALF_OPEN = 2000;
/** More than the 20 members leave of the limit beside the half-open ones would be refused. */
const GUESTS = 300;
const RESETS = 10_000;
const CYCLES = 4000;
/** uWS looks every 4 s for what is 10 s old; a busy machine adds to that. */
const LONGEST_MS = 16_000;

t.test('floods of connections', async (t) => {
  const victim = await startVictim(t, ['--max-connections', String(LIMIT)]);
  const { server } = victim;

  await t.test(
    'connections without a byte are cut, and the rest of the limit is there for others',
    async (t) => {
      let longestMs = 0;
      await victim.survives(t, async (isRehearsal) => {
        const raws: RawSocket[] = [];
        await swarm(HALF_OPEN, 200, async () => {
          const raw = new RawSocket(server.port);
          raws.push(raw);
          await raw.connected();
        });
        const startMs = performance.now();
        drop(await openMany(GUESTS, () => server.url('guests')));
        if (isRehearsal) for (const raw of raws) raw.reset();
        await Promise.all(raws.map(({ closed }) => closed));
        if (!isRehearsal) longestMs = performance.now() - startMs;
      });
      t.ok(longestMs < LONGEST_MS, `the last one after ${(longestMs / 1000).toFixed(1)} s`);
    },
  );

  await t.test('10,000 connections that are reset at once', (t) =>
    victim.survives(t, () =>
      swarm(RESETS, 200, async () => {
        const raw = new RawSocket(server.port);
        await raw.connected();
        raw.reset();
        await raw.closed;
      }),
    ),
  );

  await t.test('connections that are reset before they are answered', (t) =>
    victim.survives(t, () =>
      swarm(CYCLES, 200, async () => {
        const raw = new RawSocket(server.port);
        await raw.connected();
        await raw.writeApart([handshakeBytes(`/${ATTACKERS_CHANNEL}`)]);
        raw.reset();
        await raw.closed;
      }),
    ),
  );

  await t.test('connections that are reset once they are let in', (t) =>
    victim.survives(t, () =>
      swarm(CYCLES, 200, async () => {
        const raw = await upgraded(server.port);
        raw.reset();
        await raw.closed;
      }),
    ),
  );

  await t.test('every place is free again', (t) => victim.hasAllItsRoom(t));
});
