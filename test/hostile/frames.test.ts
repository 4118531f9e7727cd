// Frames that RFC 6455 forbids, and allowed ones in amounts that nobody needs: what becomes of the connection, and that
// nothing comes of it for the others.
import t from 'tap';
import { type FrameParts, frame, isOpenBehindFence, opcodes, swarm, upgraded } from '../harness/attackers.js';
import { startVictim, type Victim } from '../harness/victim.js';

type Case = readonly [name: string, ...frames: readonly FrameParts[]];

const { continuation, text, binary, close, ping, pong } = opcodes;
const closeCode = (code: number, reason = ''): FrameParts => ({
  opcode: close,
  payload: Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason, 'latin1')]),
});
const hex = (bytes: string): Buffer => Buffer.from(bytes, 'hex');

const closing: readonly Case[] = [
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode): Case => [`reserved opcode ${opcode}`, { opcode }]),
  ...[1, 2, 3, 4, 5, 6, 7].map((reserved): Case => [`reserved bits ${reserved}`, { opcode: text, reserved }]),
  [
    'a compressed message, since no extension was negotiated',
    { opcode: text, reserved: 4, payload: hex('4acd07') },
  ],
  ['reserved bits in a ping', { opcode: ping, reserved: 4 }],
  [
    'reserved bits in a continuation',
    { opcode: text, isFinal: false },
    { opcode: continuation, reserved: 4 },
  ],
  ['a length of 2^63', { opcode: binary, length: 1n << 63n }],
  ['a length of 2^64 - 1', { opcode: binary, length: (1n << 64n) - 1n }],
  ['a length that wraps with its header', { opcode: binary, length: (1n << 64n) - 14n }],
  ['a length of 2^32', { opcode: binary, length: 1n << 32n }],
  ['a length of 2^32 and a bit', { opcode: binary, length: (1n << 32n) + 5n, payload: 'hello' }],
  ['a length of 2^31', { opcode: binary, length: 1n << 31n }],
  ['a length of 65,535', { opcode: binary, length: 65_535n }],
  ['a message over 1 KiB', { opcode: text, payload: 'x'.repeat(1025) }],
  ['a ping over 125 bytes', { opcode: ping, payload: 'x'.repeat(126) }],
  ['a pong over 125 bytes', { opcode: pong, payload: 'x'.repeat(126) }],
  ['a close frame over 125 bytes', { opcode: close, payload: 'x'.repeat(126) }],
  ['a ping of 2^63 bytes', { opcode: ping, length: 1n << 63n }],
  ['a ping with a long form of its length', { opcode: ping, payload: 'hello', lengthBits: 16 }],
  ['a ping in fragments', { opcode: ping, isFinal: false }],
  ['a pong in fragments', { opcode: pong, isFinal: false }],
  ['a close frame in fragments', { opcode: close, isFinal: false }],
  ['no UTF-8', { opcode: text, payload: hex('ff') }],
  ['overlong UTF-8', { opcode: text, payload: hex('c0af') }],
  ['a surrogate in UTF-8', { opcode: text, payload: hex('eda080') }],
  ['beyond the last character', { opcode: text, payload: hex('f4908080') }],
  ['UTF-8 that ends early', { opcode: text, payload: hex('e282') }],
  [
    'UTF-8 that goes wrong in a fragment',
    { opcode: text, payload: hex('e2'), isFinal: false },
    { opcode: continuation, payload: hex('ff') },
  ],
  ['a continuation of nothing', { opcode: continuation }],
  ['an unfinished continuation of nothing', { opcode: continuation, isFinal: false }],
  ['a message within a message', { opcode: text, isFinal: false }, { opcode: text }],
  [
    'fragments over 1 KiB together',
    { opcode: binary, isFinal: false, payload: 'x'.repeat(1000) },
    { opcode: continuation, isFinal: false, payload: 'x'.repeat(25) },
  ],
  ['a close frame', { opcode: close }],
  ['a close frame and more', closeCode(1000), { opcode: text }, { opcode: close }],
  ['half of a close code', { opcode: close, payload: 'x' }],
  ...[0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65_535].map(
    (code): Case => [`code ${code}`, closeCode(code)],
  ),
  ['a close reason that is no UTF-8', closeCode(1000, '\xff')],
  ['the longest close reason', closeCode(1000, 'x'.repeat(123))],
];

const staying: readonly Case[] = [
  ['a text of 1 KiB', { opcode: text, payload: 'x'.repeat(1024) }],
  ['a length of 16 bits that needs 7', { opcode: binary, payload: 'hello', lengthBits: 16 }],
  ['a length of 64 bits that needs 7', { opcode: binary, payload: 'hello', lengthBits: 64 }],
  ['a ping of 125 bytes', { opcode: ping, payload: 'x'.repeat(125) }],
  ['a pong that nobody asked for', { opcode: pong, payload: 'x' }],
  [
    'a character in two fragments',
    { opcode: text, payload: hex('e2'), isFinal: false },
    { opcode: continuation, payload: hex('82ac') },
  ],
  ['a ping within a message', { opcode: text, isFinal: false }, { opcode: ping }, { opcode: continuation }],
];

/** Frames without a mask, which RFC 6455 section 5.1 wants refused: uWS takes their first four bytes for one. */
const unmasked: readonly Case[] = ['', 'hi', 'x'.repeat(1000)].flatMap((payload) =>
  [text, ping, close].map((opcode): Case => [`${opcode}`, { opcode, payload, isMasked: false }]),
);

const COPIES = 20;

/** Sends each case over connections of its own; the names of those after which every one of them was still open. */
async function staysOpen(victim: Victim, cases: readonly Case[]): Promise<string[]> {
  const open = new Map(cases.map(([name]) => [name, 0]));
  await swarm(cases.length * COPIES, 100, async (i) => {
    const [name, ...frames] = cases[i % cases.length]!;
    const raw = await upgraded(victim.server.port);
    raw.write(Buffer.concat(frames.map(frame)));
    if (await isOpenBehindFence(raw)) open.set(name, open.get(name)! + 1);
    raw.reset();
  });
  return [...open].filter(([, count]) => count > 0).map(([name]) => name);
}

t.test('hostile frames', async (t) => {
  const victim = await startVictim(t, ['--max-connections', '400']);
  const { port } = victim.server;

  await t.test('each frame that is forbidden ends its connection, and others do not', async (t) => {
    let open: readonly string[] = [];
    await victim.survives(t, async () => {
      open = await staysOpen(victim, [...closing, ...staying, ...unmasked]);
    });
    t.same(
      open.filter((name) => !unmasked.some(([other]) => other === name)),
      staying.map(([name]) => name),
    );
    t.ok((await victim.server.metric('tenm_connections_closed_total', 'reason="protocol"')) > 0);
    t.ok((await victim.server.metric('tenm_connections_closed_total', 'reason="too_big"')) > 0);
  });

  await t.test('frames byte by byte', async (t) => {
    const bytes = Buffer.concat(
      staying.flatMap(([, ...frames]) => frames.map((parts) => frame({ ...parts, payload: 'h\u00e9' }))),
    );
    let open = 0;
    await victim.survives(t, () =>
      swarm(100, 100, async () => {
        const raw = await upgraded(port);
        await raw.writeApart(Array.from(bytes, (byte) => Buffer.of(byte)));
        if (await isOpenBehindFence(raw)) open++;
        raw.reset();
      }),
    );
    t.equal(open, 200);
  });

  await t.test('messages that never end', async (t) => {
    const fragments = Buffer.concat(Array(1000).fill(frame({ opcode: continuation, isFinal: false })));
    let [open, openOver1KiB] = [0, 0];
    await victim.survives(t, () =>
      swarm(200, 100, async () => {
        const raw = await upgraded(port);
        raw.write(frame({ opcode: binary, isFinal: false, payload: 'x'.repeat(1000) }));
        await raw.writeApart(Array(20).fill(fragments));
        if (await isOpenBehindFence(raw)) open++;
        raw.write(frame({ opcode: continuation, isFinal: false, payload: 'x'.repeat(25) }));
        if (await isOpenBehindFence(raw)) openOver1KiB++;
      }),
    );
    t.equal(open, 400, 'empty fragments are waited for');
    t.equal(openOver1KiB, 0, 'but not more than 1 KiB');
  });

  await t.test('frames that never end hold their place, and give it back', async (t) => {
    const half = frame({ opcode: binary, length: 1024n, payload: 'x'.repeat(1023) });
    await victim.survives(t, async () => {
      const raws = await Promise.all(Array.from({ length: 300 }, () => upgraded(port)));
      for (const raw of raws) raw.write(half);
      for (const raw of raws) raw.socket.end();
      await Promise.all(raws.map(({ closed }) => closed));
    });
  });

  await t.test('pings as fast as they are answered', async (t) => {
    const pings = Buffer.concat(Array(100).fill(frame({ opcode: ping, payload: 'x'.repeat(125) })));
    let answered = 0;
    await victim.survives(t, async (isRehearsal) => {
      const endMs = performance.now() + (isRehearsal ? 500 : 2000);
      await swarm(50, 50, async () => {
        const raw = await upgraded(port);
        while (performance.now() < endMs) {
          raw.forget();
          raw.write(pings);
          await raw.until((text) => text.length > 0);
        }
        if (await isOpenBehindFence(raw)) answered++;
        raw.reset();
      });
    });
    t.equal(answered, 100, 'each is answered to the last');
  });

  await t.test('every place is free again', (t) => victim.hasAllItsRoom(t));
});
