// Clients that send as fast as they can. uSockets reads a socket again, before any other, for as long as a read fills
// its buffer of 512 KiB; a receive buffer that cannot hold as much (tcp_rmem) keeps one sender from having a worker for
// itself.
import t from 'tap';
import { opcodes } from '../harness/attackers.js';
import { type Flood, flood } from '../harness/flood.js';
import { makeNamespace, whyNoNamespaces } from '../harness/namespace.js';
import { startVictim } from '../harness/victim.js';

/** Of each attacker that reads no pong the worker holds this much, and malloc is slow to give it back. */
const MAX_BACKPRESSURE = '65536';
const TCP_RMEM = '4096 131072 524288';

const floods: readonly (readonly [string, Omit<Flood, 'host' | 'port' | 'attackers' | 'durationMs'>])[] = [
  ['small messages', { opcode: opcodes.text, payload: 'hello', isReading: true }],
  ['pings', { opcode: opcodes.ping, payload: 'x'.repeat(125), isReading: true }],
  ['pings, and no pong is read', { opcode: opcodes.ping, payload: '', isReading: false }],
  [
    'empty fragments of a message that never ends',
    {
      first: { opcode: opcodes.text, isFinal: false },
      opcode: opcodes.continuation,
      payload: '',
      isFinal: false,
      isReading: true,
    },
  ],
];

t.test('floods of frames', { skip: whyNoNamespaces() }, async (t) => {
  const namespace = makeNamespace(t, 1);
  namespace.set('tcp_rmem', TCP_RMEM);
  const host = namespace.links[0]!.address;
  const victim = await startVictim(t, ['--max-connections', '200', '--max-backpressure', MAX_BACKPRESSURE], {
    address: host,
    under: namespace.under,
  });

  for (const [name, what] of floods) {
    await t.test(name, (t) =>
      victim.survives(t, () =>
        flood({ ...what, host, port: victim.server.port, attackers: 10, durationMs: 2000 }),
      ),
    );
  }

  await t.test('every place is free again', (t) => victim.hasAllItsRoom(t));
});
