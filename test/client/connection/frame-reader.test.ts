import t from 'tap';
import { type FRAME_ERRORS, FrameError, FrameReader } from '../../../client/connection/frame-reader.js';
import { randomOfRun } from '../../harness/seeded-random.js';

/** A server's frame, with the shortest length field unless another is asked for. */
function frame(first: number, payload: Buffer, lengthBytes?: 2 | 8): Buffer {
  const bytes = lengthBytes ?? (payload.length < 126 ? 0 : payload.length < 65_536 ? 2 : 8);
  const header = Buffer.alloc(2 + bytes);
  header[0] = first;
  header[1] = bytes === 0 ? payload.length : bytes === 2 ? 126 : 127;
  if (bytes === 2) header.writeUInt16BE(payload.length, 2);
  if (bytes === 8) header.writeBigUInt64BE(BigInt(payload.length), 2);
  return Buffer.concat([header, payload]);
}

/** Reads chunks and writes down what came out, payloads copied. */
function record(chunks: readonly Buffer[]): { events: unknown[][]; isOpen: boolean } {
  const events: unknown[][] = [];
  const reader = new FrameReader();
  const sink = {
    onMessage: (payload: Buffer, isBinary: boolean) =>
      events.push([isBinary ? 'binary' : 'text', payload.toString('latin1')]),
    onPing: (payload: Buffer) => events.push(['ping', payload.toString('latin1')]),
    onPong: () => events.push(['pong']),
    onCloseFrame: (code: number, reason: string) => events.push(['close', code, reason]),
  };
  const isOpen = chunks.every((chunk) => reader.read(chunk, 0, chunk.length, sink));
  return { events, isOpen };
}

const errorOf = (...bytes: number[]): string => {
  try {
    record([Buffer.from(bytes)]);
  } catch (error) {
    if (error instanceof FrameError) return error.code;
  }
  return 'none';
};

const byteByByte = (bytes: Buffer): Buffer[] => Array.from(bytes, (byte) => Buffer.from([byte]));

t.test('the examples of RFC 6455 section 5.7', async (t) => {
  t.same(record([Buffer.from([0x81, 5, 0x48, 0x65, 0x6c, 0x6c, 0x6f])]).events, [['text', 'Hello']]);
  t.same(record([Buffer.from([0x01, 3, 0x48, 0x65, 0x6c, 0x80, 2, 0x6c, 0x6f])]).events, [['text', 'Hello']]);
  t.same(record([Buffer.from([0x89, 5, 0x48, 0x65, 0x6c, 0x6c, 0x6f])]).events, [['ping', 'Hello']]);
  t.same(record([Buffer.from([0x81, 0])]).events, [['text', '']]);
});

t.test('all three sizes of the length, whole and byte by byte', async (t) => {
  for (const size of [0, 1, 125, 126, 127, 65_535, 65_536, 70_000]) {
    const payload = Buffer.alloc(size, 'x');
    for (const lengthBytes of [undefined, 2, 8] as const) {
      if (lengthBytes === 2 && size > 65_535) continue;
      const bytes = frame(0x82, payload, lengthBytes);
      const expected = { events: [['binary', payload.toString('latin1')]], isOpen: true };
      t.same(record([bytes]), expected);
      t.same(record(byteByByte(bytes)), expected);
    }
  }
});

t.test('a whole frame is handed over in place', async (t) => {
  const chunk = frame(0x81, Buffer.from('in place'));
  let payload: Buffer | undefined;
  const ignore = (): void => {};
  new FrameReader().read(chunk, 0, chunk.length, {
    onMessage: (given) => {
      payload = given;
    },
    onPing: ignore,
    onPong: ignore,
    onCloseFrame: ignore,
  });
  t.equal(payload?.buffer, chunk.buffer);
});

t.test('control frames between fragments', async (t) => {
  const bytes = Buffer.concat([
    frame(0x01, Buffer.from('a')),
    frame(0x89, Buffer.from('p')),
    frame(0x00, Buffer.alloc(0)),
    frame(0x8a, Buffer.alloc(0)),
    frame(0x80, Buffer.from('b')),
  ]);
  const expected = [['ping', 'p'], ['pong'], ['text', 'ab']];
  t.same(record([bytes]).events, expected);
  t.same(record(byteByByte(bytes)).events, expected);
});

t.test('a close frame is the last', async (t) => {
  const close = frame(0x88, Buffer.concat([Buffer.from([0x03, 0xf4]), Buffer.from('retry=1-60')]));
  const expected = { events: [['close', 1012, 'retry=1-60']], isOpen: false };
  t.same(record([Buffer.concat([close, frame(0x81, Buffer.from('late'))])]), expected);
  t.same(record(byteByByte(close)), expected);
  t.same(record([Buffer.from([0x88, 0])]).events, [['close', 1005, '']]);
});

t.test('what a server must not send is refused by code', async (t) => {
  const cases: [keyof typeof FRAME_ERRORS, number[]][] = [
    ['RESERVED_BITS', [0xc1, 0]],
    ['RESERVED_BITS', [0x91, 0]],
    ['OPCODE', [0x83, 0]],
    ['OPCODE', [0x8b, 0]],
    ['MASKED', [0x81, 0x80]],
    ['CONTROL_FRAGMENTED', [0x09, 0]],
    ['CONTROL_TOO_BIG', [0x89, 126]],
    ['CONTROL_TOO_BIG', [0x88, 127]],
    ['CONTINUATION', [0x80, 0]],
    ['INTERLEAVED', [0x01, 1, 0x61, 0x81, 0]],
    ['CLOSE_PAYLOAD', [0x88, 1, 0]],
    ['CLOSE_PAYLOAD', [0x88, 2, 0x03, 0xee]],
    ['CLOSE_PAYLOAD', [0x88, 2, 0x00, 0x01]],
    ['TOO_BIG', [0x82, 127, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff]],
    ['TOO_BIG', [0x82, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
  ];
  for (const [code, bytes] of cases) t.equal(errorOf(...bytes), code, `${code} ${bytes}`);
});

t.test('text and close reasons that are not UTF-8 are refused, and only when they are whole', async (t) => {
  const valid = Buffer.from('é€😀');
  for (let cut = 0; cut <= valid.length; cut++) {
    const fragments = [frame(0x01, valid.subarray(0, cut)), frame(0x80, valid.subarray(cut))];
    t.same(record(fragments).events, [['text', valid.toString('latin1')]], `cut at ${cut}`);
  }
  const invalid: [name: string, bytes: number[]][] = [
    ['a lone byte', [0xff]],
    ['a character that ends early', [0x61, 0xe2, 0x82]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['a form that is too long', [0xc0, 0xaf]],
    ['above U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
  ];
  for (const [name, bytes] of invalid) {
    t.equal(errorOf(0x81, bytes.length, ...bytes), 'UTF8', name);
    t.equal(
      errorOf(0x01, 1, bytes[0]!, 0x80, bytes.length - 1, ...bytes.slice(1)),
      'UTF8',
      `${name}, in two`,
    );
    t.equal(errorOf(0x88, 2 + bytes.length, 0x03, 0xe8, ...bytes), 'UTF8', `${name}, as a close reason`);
    t.equal(errorOf(0x82, bytes.length, ...bytes), 'none', `${name}, in a binary message`);
  }
  t.equal(new FrameError('UTF8').closeCode, 1007);
});

t.test('random frames, cut at random places, come out whole and in order', async (t) => {
  const random = randomOfRun();
  t.comment(`seed ${random.seed}`);
  const below = (n: number): number => random.below(n);
  const sizes = [0, 1, 7, 125, 126, 300, 65_535, 65_536];
  const payload = (size: number): Buffer => Buffer.alloc(size, String.fromCharCode(97 + below(26)));
  for (let round = 0; round < 100; round++) {
    const frames: Buffer[] = [];
    const expected: unknown[][] = [];
    const control = (): void => {
      const bytes = payload(below(126));
      frames.push(frame(0x89, bytes));
      expected.push(['ping', bytes.toString('latin1')]);
    };
    for (let i = 0; i < 20; i++) {
      const opcode = 1 + below(2);
      const fragments = Array.from({ length: 1 + below(3) }, () => payload(sizes[below(sizes.length)]!));
      fragments.forEach((bytes, at) => {
        if (below(4) === 0) control();
        frames.push(frame((at === fragments.length - 1 ? 0x80 : 0) | (at === 0 ? opcode : 0), bytes));
      });
      expected.push([opcode === 2 ? 'binary' : 'text', Buffer.concat(fragments).toString('latin1')]);
    }
    const stream = Buffer.concat(frames);
    const longest = 1 + below(round % 2 === 0 ? 64 : 100_000);
    const chunks: Buffer[] = [];
    for (let at = 0; at < stream.length; ) {
      const end = Math.min(stream.length, at + 1 + below(longest));
      chunks.push(stream.subarray(at, end));
      at = end;
    }
    t.strictSame(record(chunks).events, expected, `round ${round}`);
  }
});
