// Requests that are no handshake, or two: what each is answered, and that nothing comes of it for the members.
import t, { type Test } from 'tap';
import { ATTACKERS_CHANNEL, answerTo, statusesIn, swarm } from '../harness/attackers.js';
import { handshakeBytes } from '../harness/sockets.js';
import { startVictim, type Victim } from '../harness/victim.js';

/** What is sent, and the status codes of the answers; none where the server waits for more, or hangs up. */
type Case = readonly [name: string, bytes: string | Buffer, statuses: string];

const PATH = `/${ATTACKERS_CHANNEL}`;
const good = handshakeBytes(PATH);
const GET = `GET ${PATH} HTTP/1.1\r\nHost: a\r\n\r\n`;

/** A handshake with these lines at the end of its header. */
const withLines = (lines: string): string => good.replace(/\r\n$/, `${lines}\r\n\r\n`);
/** A handshake with a line before its own of that name. */
const withFirst = (name: string, value: string): string => good.replace(name, `${name}: ${value}\r\n${name}`);
const post = (lines: string, body: string): string =>
  `POST ${PATH} HTTP/1.1\r\nHost: a\r\n${lines}\r\n\r\n${body}`;

const duplicates: readonly Case[] = [
  ['no Host', handshakeBytes(PATH, { Host: undefined }), '400'],
  ['two of Host', withLines('Host: other'), '400'],
  // Lists may stand on several lines (RFC 9110 section 5.3).
  ['another upgrade after ours', withLines('Upgrade: h2c'), '101'],
  ['another upgrade before ours', withFirst('Upgrade', 'h2c'), '101'],
  ['Connection: close after ours', withLines('Connection: close'), '101'],
  ['Connection: close before ours', withFirst('Connection', 'close'), '101'],
  ['Connection: keep-alive before ours', withFirst('Connection', 'keep-alive'), '101'],
  ['an empty line of Connection before ours', withFirst('Connection', ''), '101'],
  // What may stand once could be read by a proxy as one thing and by us as another.
  ['two keys', withLines('Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='), '400'],
  ['the same key twice', withLines('Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='), '400'],
  ['a bad key after a good one', withLines('Sec-WebSocket-Key: short'), '400'],
  ['a bad key before a good one', withFirst('Sec-WebSocket-Key', 'short'), '400'],
  ['another version after ours', withLines('Sec-WebSocket-Version: 8'), '400'],
  ['another version before ours', withFirst('Sec-WebSocket-Version', '8'), '400'],
  ['two origins', withLines('Origin: https://a.test\r\nOrigin: https://b.test'), '400'],
  ['an empty origin and another', withLines('Origin: \r\nOrigin: https://b.test'), '400'],
  ['two of Authorization', withLines('Authorization: Bearer a\r\nauthorization: Bearer b'), '400'],
];

/** A handshake has no body; what comes with it as one is dropped, and never read as another request. */
const smuggling: readonly Case[] = [
  ['a handshake in a body', `${withLines(`Content-Length: ${good.length}`)}${good}`, '101'],
  ['a handshake behind a handshake', good + good, '101'],
  ['two lengths', `${withLines('Content-Length: 5\r\nContent-Length: 6')}hello!`, '101'],
  ['a length and chunks', `${withLines('Content-Length: 5\r\nTransfer-Encoding: chunked')}0\r\n\r\n`, '400'],
  ['chunks and a length', `${withLines('Transfer-Encoding: chunked\r\nContent-Length: 5')}0\r\n\r\n`, '400'],
  ['chunks', `${withLines('Transfer-Encoding: chunked')}5\r\nhello\r\n0\r\n\r\n${GET}`, '101'],
  ['a chunk of 2^64 - 1', `${withLines('Transfer-Encoding: chunked')}ffffffffffffffff\r\n`, '101'],
  ['a negative length', withLines('Content-Length: -1'), '101'],
  ['a length over 2^64', withLines('Content-Length: 99999999999999999999999'), '101'],
  ['a space before the colon', withLines('Transfer-Encoding : chunked'), '400'],
  [
    'POST with a length and chunks',
    post('Content-Length: 5\r\nTransfer-Encoding: chunked', `0\r\n\r\n${good}`),
    '400',
  ],
  // Nothing is read behind a request that is refused: whoever sends more is not waited for, and gets no answer.
  ['a handshake behind a refused POST', post('Content-Length: 5', `hello${good}`), ''],
  ['a handshake behind a refused GET', GET + good, ''],
  ['a row of refused requests', GET.repeat(10), ''],
  ['line feeds alone', good.replaceAll('\r\n', '\n'), '505'],
  ['one line feed alone', good.replace('localhost\r\n', 'localhost\n'), '400'],
  ['a line feed in a value', withLines('X: a\nUpgrade: h2c'), '400'],
  ['a carriage return alone', good.replace('localhost\r\n', 'localhost\r'), ''],
  ['a folded line', withLines('X: a\r\n b'), '400'],
  ['a folded line, with a tab', withLines('X: a\r\n\tb'), '400'],
  ['a first line that is folded', good.replace('Host', ' Host'), '400'],
  ['a line without a name', withLines(': x'), '101'],
  ['a line without a colon', withLines('nothing'), '400'],
  ['NUL in a name', withLines('X\0: y'), '400'],
  ['NUL in a value', withLines('X: a\0b'), '400'],
];

const paths: readonly Case[] = [
  ...['//', '//other/x', '/../../etc/passwd', '/%2e%2e/%2e%2e', '/a\\b', '/a#b', '/%2525', '/x?../$y'].map(
    (path): Case => [path, handshakeBytes(path), '101'],
  ),
  ...[
    '/',
    '/%00',
    '/%0d%0aX:y',
    '/$x',
    '/%24x',
    '/%',
    '/%c0%af',
    '/%e0%80%af',
    '/%ed%a0%80',
    '/\xc0\xaf',
  ].map((path): Case => [path, handshakeBytes(path), '400']),
  ...['', '*', 'x', '\\x', 'http://other/x', 'ws://other/x', 'other:443', '/a\0b', '/a b'].map(
    (path): Case => [path, handshakeBytes(path), '505'],
  ),
];

const foreign: readonly Case[] = [
  ...[
    'POST',
    'PUT',
    'HEAD',
    'DELETE',
    'PATCH',
    'OPTIONS',
    'TRACE',
    'CONNECT',
    'get',
    'BREW',
    'X'.repeat(1000),
  ].map((method): Case => [method.slice(0, 10), handshakeBytes(PATH, {}, method), '405']),
  ['a body to wait for', post('Expect: 100-continue\r\nContent-Length: 5', ''), '100 405'],
  ...['HTTP/1.0', 'HTTP/1.2', 'HTTP/2.0', 'http/1.1'].map(
    (version): Case => [version, good.replace('HTTP/1.1', version), '505'],
  ),
  ['HTTP/0.9', `GET ${PATH}\r\n\r\n`, '505'],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x12\x04\0\0\0\0\0', '505'],
  [
    'a ClientHello of TLS',
    Buffer.from(`16030100c8010000c40303${'00'.repeat(32)}20${'ab'.repeat(157)}`, 'hex'),
    '505',
  ],
  ['PROXY, version 1', `PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n${good}`, '505'],
  ['Redis', '*1\r\n$4\r\nPING\r\n', ''],
  ['SSH', 'SSH-2.0-x\r\n', ''],
  ['zeroes', Buffer.alloc(5000), '505'],
  ['ones', Buffer.alloc(5000, 0xff), '505'],
  ['one byte', 'G', ''],
  ['empty lines first', `\r\n\r\n${good}`, ''],
];

const extensions: readonly Case[] = [
  'permessage-deflate',
  'permessage-deflate; client_max_window_bits=15; server_max_window_bits=8; server_no_context_takeover',
  'permessage-deflate; client_max_window_bits=99999999999999999999; ;;=,,,"',
  'permessage-deflate,'.repeat(150),
  'x-webkit-deflate-frame',
  '=;,"',
  '',
].map((offer) => [offer.slice(0, 80), withLines(`Sec-WebSocket-Extensions: ${offer}`), '101']);

/** Over 8 KiB, or over 100 lines. A part of it may be on its way when the server hangs up, and cost us its answer. */
const tooLarge: readonly (string | Buffer)[] = [
  ...[8192, 65_536, 1_048_576].flatMap((bytes) => [
    withLines(`X: ${'x'.repeat(bytes)}`),
    withLines(`${'x'.repeat(bytes)}: x`),
    handshakeBytes(`/${'x'.repeat(bytes)}`),
    handshakeBytes(`/x?${'x'.repeat(bytes)}`),
    handshakeBytes(PATH, {}, 'X'.repeat(bytes)),
  ]),
  withLines(Array(100).fill('X: y').join('\r\n')),
  withLines(Array(10_000).fill(':').join('\r\n')),
];

const COPIES = 20;

/** Sends each case many times; the answers by name. */
async function checkAnswers(t: Test, victim: Victim, cases: readonly Case[]): Promise<void> {
  const wrong = new Set<string>();
  await victim.survives(t, () =>
    swarm(cases.length * COPIES, 100, async (i) => {
      const [name, bytes, statuses] = cases[i % cases.length]!;
      const answer = await answerTo(victim.server.port, bytes);
      if (statusesIn(answer) !== statuses) wrong.add(`${name}: ${statusesIn(answer)} instead of ${statuses}`);
      if (/^Sec-WebSocket-(Extensions|Protocol):/im.test(answer)) wrong.add(`${name}: ${answer}`);
    }),
  );
  t.same([...wrong], []);
}

t.test('hostile handshakes', async (t) => {
  const victim = await startVictim(t, ['--max-connections', '600']);
  const { port } = victim.server;

  await t.test('headers twice', (t) => checkAnswers(t, victim, duplicates));
  await t.test('requests in requests', (t) => checkAnswers(t, victim, smuggling));
  await t.test('paths', (t) => checkAnswers(t, victim, paths));
  await t.test('other methods, versions and protocols', (t) => checkAnswers(t, victim, foreign));
  await t.test('no extension is agreed to', (t) => checkAnswers(t, victim, extensions));

  await t.test('a header over 8 KiB is none', async (t) => {
    const statuses = new Set<string>();
    await victim.survives(t, () =>
      swarm(tooLarge.length * COPIES, 50, async (i) => {
        statuses.add(statusesIn(await answerTo(port, tooLarge[i % tooLarge.length]!)));
      }),
    );
    statuses.delete('');
    t.same([...statuses], ['431']);
  });

  await t.test('every place is free again', (t) => victim.hasAllItsRoom(t));
});
