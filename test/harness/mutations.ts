// Handshakes and frames that a seeded source of numbers has spoiled.
import { ATTACKERS_CHANNEL, frame, opcodes } from './attackers.js';
import type { SeededRandom } from './seeded-random.js';
import { handshakeBytes } from './sockets.js';

/** Most changes to one case: a connection is over with its first bad frame, so that frames are spoiled more seldom. */
const MAX_REQUEST_CHANGES = 4;
const MAX_FRAME_CHANGES = 1;
const MAX_MESSAGES = 4;
/** Most bytes that one change takes away or repeats. */
const MAX_RANGE_BYTES = 64;

const good = handshakeBytes(`/${ATTACKERS_CHANNEL}`);
/** How a PROXY header of version 2 begins, which uWS believes. */
const PROXY = '\r\n\r\n\0\r\nQUIT\n';

/** What is spoiled: good handshakes, and requests that take other ways through the parser. */
const requests: readonly string[] = [
  good,
  good + good,
  `GET /x HTTP/1.1\r\nHost: a\r\n\r\n${good}`,
  `POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello${good}`,
  `POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n${good}`,
  `${PROXY}\x21\x11\0\x0c\x01\x02\x03\x04\x05\x06\x07\x08\0\x09\0\x0a${good}`,
  handshakeBytes(`/${'%41'.repeat(80)}?x=y`, { 'Sec-WebSocket-Extensions': 'permessage-deflate' }),
  handshakeBytes('/x', { 'X-Long': 'x'.repeat(3000) }),
  good.replace('Host', `${'X: y\r\n'.repeat(60)}Host`),
];

/** What parsers look for, and what lies just beyond their limits. */
const requestTokens = [
  ...[
    '\r\n',
    '\n',
    '\r',
    '\r\n\r\n',
    '\0',
    ':',
    ' ',
    '\t',
    '\r\n ',
    '%',
    '%00',
    '%ff',
    '//',
    '..',
    '?',
    '#',
    '\\',
    '$',
  ],
  ...['GET ', 'POST ', ' HTTP/1.1\r\n', ' HTTP/1.0\r\n', 'PRI * HTTP/2.0\r\n', '\xff', '\xc0\xaf', PROXY],
  ...[
    '5\r\n',
    '0\r\n\r\n',
    'ffffffffffffffff\r\n',
    '-1',
    '99999999999999999999',
    'x'.repeat(5000),
    ':\r\n'.repeat(101),
  ],
  ...[
    'Host: b',
    'Content-Length: 5',
    'Content-Length: 18446744073709551615',
    'Transfer-Encoding: chunked',
    'Upgrade: websocket',
    'Connection: close',
    'Expect: 100-continue',
    'Sec-WebSocket-Key: x',
    'Sec-WebSocket-Version: 8',
    'Sec-WebSocket-Protocol: x',
    'Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=8',
  ].map((line) => `\r\n${line}\r\n`),
].map((token) => Buffer.from(token, 'latin1'));

const frameTokens = [
  ...[
    '8900',
    '8980',
    '8800',
    '0000',
    '8000',
    '0100',
    '82ff',
    '817e',
    '82fe0400',
    '82fe0401',
    'ffff',
    'f4908080',
  ],
  ...['827fffffffffffffffff', '82ff8000000000000000', '82ff00000000ffffffff', '88820000000003e8'],
].map((token) => Buffer.from(token, 'hex'));

/** A handshake, or something like it, with a few changes. */
export function mutatedRequest(random: SeededRandom): Buffer {
  return mutated(
    Buffer.from(random.pick(requests), 'latin1'),
    requestTokens,
    random,
    1 + random.below(MAX_REQUEST_CHANGES),
  );
}

/** A few messages that are allowed or nearly so, with or without changes to their bytes. */
export function mutatedFrames(random: SeededRandom): Buffer {
  const messages = Array.from({ length: 1 + random.below(MAX_MESSAGES) }, () => someMessage(random));
  return mutated(Buffer.concat(messages), frameTokens, random, random.below(MAX_FRAME_CHANGES + 1));
}

const payloadLengths = [0, 1, 2, 5, 124, 125];
const messageLengths = [...payloadLengths, 126, 127, 1000, 1023, 1024, 1025];
const claimedLengths = [
  0n,
  1n,
  125n,
  126n,
  1024n,
  1025n,
  65_535n,
  1n << 31n,
  1n << 32n,
  1n << 63n,
  (1n << 64n) - 1n,
];

/** A control frame, or a message in one frame or in two with perhaps a control frame between. */
function someMessage(random: SeededRandom): Buffer {
  const { continuation, text, binary, close, ping, pong } = opcodes;
  const control = () =>
    someFrame(random, random.below(16) === 0 ? close : random.pick([ping, pong]), payloadLengths);
  const opcode = random.pick([text, binary]);
  switch (random.below(4)) {
    case 0:
      return control();
    case 1:
      return Buffer.concat([
        someFrame(random, opcode, payloadLengths, false),
        ...(random.below(2) === 0 ? [control()] : []),
        someFrame(random, continuation, payloadLengths),
      ]);
    default:
      return someFrame(random, opcode, messageLengths);
  }
}

function someFrame(random: SeededRandom, opcode: number, lengths: readonly number[], isFinal = true): Buffer {
  const oneIn = (count: number) => random.below(count) === 0;
  const payload = random.bytes(random.pick(lengths));
  const length = oneIn(32) ? random.pick(claimedLengths) : BigInt(payload.length);
  const isLong = length > 125n || oneIn(32);
  return frame({
    opcode: oneIn(32) ? random.below(16) : opcode,
    payload: oneIn(8) ? payload : payload.fill('x'),
    isFinal: isFinal !== oneIn(32),
    reserved: oneIn(32) ? random.below(8) : 0,
    isMasked: !oneIn(32),
    length,
    lengthBits: !isLong ? 7 : length < 65_536n && !oneIn(8) ? 16 : 64,
  });
}

function mutated(bytes: Buffer, tokens: readonly Buffer[], random: SeededRandom, changes: number): Buffer {
  let result = bytes;
  for (let i = 0; i < changes; i++) result = changed(result, tokens, random);
  return result;
}

/** The bytes with one change: bits, bytes or a word put in, taken away, repeated or written over. */
function changed(bytes: Buffer, tokens: readonly Buffer[], random: SeededRandom): Buffer {
  const at = random.below(bytes.length + 1);
  const end = Math.min(bytes.length, at + 1 + random.below(MAX_RANGE_BYTES));
  const [before, range, after] = [bytes.subarray(0, at), bytes.subarray(at, end), bytes.subarray(end)];
  switch (random.below(7)) {
    case 0:
      return Buffer.concat([
        before,
        range.map((byte, i) => (i === 0 ? byte ^ (1 << random.below(8)) : byte)),
        after,
      ]);
    case 1:
      return Buffer.concat([before, random.bytes(1 + random.below(8)), range, after]);
    case 2:
      return Buffer.concat([before, random.pick(tokens), range, after]);
    case 3:
      return Buffer.concat([before, random.pick(tokens), after]);
    case 4:
      return Buffer.concat([before, after]);
    case 5:
      return Buffer.concat([before, range, range, after]);
    default:
      return before;
  }
}
