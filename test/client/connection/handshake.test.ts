import t from 'tap';
import {
  HandshakeError,
  handshakeKey,
  handshakeRequest,
  MAX_HANDSHAKE_BYTES,
  readHandshake,
  SAMPLE_KEY,
} from '../../../client/connection/handshake.js';

const accepted = [
  'HTTP/1.1 101 Switching Protocols',
  'Upgrade: websocket',
  'Connection: Upgrade',
  `Sec-WebSocket-Accept: ${SAMPLE_KEY.accept}`,
];
const answer = (lines: readonly string[], rest = ''): Buffer =>
  Buffer.from(`${lines.join('\r\n')}\r\n\r\n${rest}`);

const read = (bytes: Buffer, isWhole = false) => readHandshake(bytes, SAMPLE_KEY.accept, isWhole);

const refusal = (bytes: Buffer, isWhole = false): HandshakeError => {
  try {
    read(bytes, isWhole);
  } catch (error) {
    if (error instanceof HandshakeError) return error;
  }
  throw new Error(`not refused: ${bytes}`);
};

t.test('the sample key has the accept of RFC 6455 section 1.3', async (t) => {
  t.same(handshakeKey(Buffer.from('the sample nonce')), SAMPLE_KEY);
  t.not(handshakeKey(Buffer.alloc(16)).accept, SAMPLE_KEY.accept);
});

t.test('the request', async (t) => {
  t.equal(
    handshakeRequest('h:10000', '/c%201', 'KEY'),
    'GET /c%201 HTTP/1.1\r\nHost: h:10000\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: KEY\r\nSec-WebSocket-Version: 13\r\n\r\n',
  );
  t.match(handshakeRequest('h', '/a', 'KEY', 'a.b.c'), /\r\nAuthorization: Bearer a\.b\.c\r\n\r\n$/);
});

t.test('an answer is accepted wherever it is cut, and says where frames begin', async (t) => {
  const bytes = answer(accepted, 'ab');
  for (let cut = 0; cut < bytes.length - 2; cut++) t.equal(read(bytes.subarray(0, cut)), undefined);
  t.equal(read(bytes), bytes.length - 2);
  const odd = answer(
    accepted.map((line) => line.replace('Upgrade', 'upgrade').replace(': websocket', ':  WebSocket ')),
  );
  t.equal(read(odd), odd.length);
  const twoLines = answer([...accepted.slice(0, 1), 'Connection: keep-alive', ...accepted.slice(1)]);
  t.equal(read(twoLines), twoLines.length, 'several lines of one header are one list');
});

t.test('answers that are none', async (t) => {
  const without = (name: string): Buffer => answer(accepted.filter((line) => !line.startsWith(name)));
  t.match(refusal(without('Upgrade')).message, /Upgrade: websocket/);
  t.match(refusal(without('Connection')).message, /Connection: Upgrade/);
  t.match(refusal(without('Sec')).message, /wrong Sec-WebSocket-Accept/);
  t.match(refusal(answer([...accepted.slice(0, 3), 'Sec-WebSocket-Accept: x'])).message, /wrong/);
  t.match(
    refusal(answer([...accepted, 'Sec-WebSocket-Extensions: permessage-deflate'])).message,
    /extension/,
  );
  t.match(refusal(Buffer.from('SSH-2.0-OpenSSH\r\n')).message, /not HTTP/);
  t.match(refusal(answer(['HTTP/1.1 abc'])).message, /no HTTP status/);
  t.match(refusal(Buffer.from('HTTP/1.1 101'), true).message, /closed before/);
  t.match(refusal(Buffer.alloc(0), true).message, /closed before/);
  t.match(
    refusal(Buffer.from(`HTTP/1.1 101 x\r\n${'a: b\r\n'.repeat(MAX_HANDSHAKE_BYTES)}`)).message,
    /longer/,
  );
});

t.test('a refusal has its status and one line of the reason', async (t) => {
  const bytes = answer(['HTTP/1.1 400 Bad Request', 'Content-Length: 23'], 'channel\x1b is empty\nmore\n');
  const error = refusal(bytes);
  t.equal(error.status, 400);
  t.equal(error.message, 'HTTP 400 channel\\x1b is empty');
  t.equal(read(bytes.subarray(0, bytes.length - 1)), undefined, 'the body is waited for');
  t.equal(refusal(bytes.subarray(0, bytes.length - 8), true).status, 400, 'unless nothing more comes');
  t.equal(refusal(answer(['HTTP/1.1 503 Service Unavailable'])).message, 'HTTP 503 Service Unavailable');
  const chunked = answer(
    ['HTTP/1.1 502 Bad Gateway', 'Transfer-Encoding: chunked'],
    '5\r\nsorry\r\n0\r\n\r\n',
  );
  t.equal(refusal(chunked).message, 'HTTP 502 Bad Gateway', 'the first line of a chunk is its size');
});

t.test('what a refusal asks for, and whether it is one for good', async (t) => {
  const busy = answer(['HTTP/1.1 429 Too Many Requests', 'Retry-After: 7']);
  t.match(refusal(busy), { status: 429, retryAfterMs: 7000, isPassing: true });
  const date = ['Date: Fri, 06 Nov 2026 08:49:07 GMT', 'Retry-After: Fri, 06 Nov 2026 08:49:37 GMT'];
  t.match(refusal(answer(['HTTP/1.1 503 x', ...date])), { retryAfterMs: 30_000, isPassing: true });
  t.match(refusal(answer(['HTTP/1.1 403 x'])), { retryAfterMs: undefined, isPassing: false });
  t.match(refusal(answer(['HTTP/1.1 101 x'])), { isPassing: false });
  t.match(refusal(Buffer.from('HTTP/1.1 101'), true), { isPassing: true }, 'an answer that was cut');
});
