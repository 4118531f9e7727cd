import t from 'tap';
import { refusals } from '../../../server/codes.js';
import { type Handshake, HandshakeReader, subprotocolOf, tokenOf } from '../../../server/worker/handshake.js';
import { handshakeBytes, SAMPLE_KEY } from '../../harness/sockets.js';

/** What uWS makes of the bytes of a request: names in lower case, values without white space around them. */
function requestOf(bytes: string) {
  const [line, ...lines] = bytes.slice(0, -4).split('\r\n');
  const [method, target] = line!.split(' ') as [string, string];
  const mark = target.indexOf('?');
  const headers = lines.map((header) => {
    const colon = header.indexOf(':');
    return [header.slice(0, colon).toLowerCase(), header.slice(colon + 1).trim()] as const;
  });
  return {
    getCaseSensitiveMethod: () => method,
    getUrl: () => (mark < 0 ? target : target.slice(0, mark)),
    getQuery: ((): string | undefined => (mark < 0 ? undefined : target.slice(mark + 1))) as () => string,
    forEach: (each: (name: string, value: string) => void) =>
      headers.forEach(([name, value]) => void each(name, value)),
  };
}

const good = handshakeBytes('/news');
const withLines = (...lines: string[]): string => good.replace(/\r\n$/, `${lines.join('\r\n')}\r\n\r\n`);
const withFirst = (line: string): string => good.replace('\r\n', `\r\n${line}\r\n`);
const reader = new HandshakeReader(8192);
const read = (bytes: string) => reader.read(requestOf(bytes));

t.test('a handshake, and what it brings', (t) => {
  t.same(read(good), {
    channel: 'news',
    key: SAMPLE_KEY,
    offered: '',
    authorization: '',
    origin: '',
    query: '',
  });
  const full = handshakeBytes('/a%2Fb?token=x', { Origin: 'https://a.test', Authorization: 'Bearer y' });
  t.match(read(full), {
    channel: 'a/b',
    origin: 'https://a.test',
    authorization: 'Bearer y',
    query: 'token=x',
  });
  t.match(read(good), { origin: '', authorization: '', query: '' }, 'nothing is left of the one before');
  t.end();
});

t.test('lists may stand on several lines, in any order and case', (t) => {
  for (const lines of [
    ['Connection: keep-alive'],
    ['connection: keep-alive, TE', 'CONNECTION:'],
    ['Upgrade: h2c'],
    ['Connection: close', 'Upgrade: foo/2, bar'],
  ]) {
    t.match(read(withLines(...lines)), { channel: 'news' }, lines.join('; '));
    t.match(read(withFirst(lines.join('\r\n'))), { channel: 'news' }, lines.join('; '));
  }
  const apart = handshakeBytes('/news', {
    Connection: 'keep-alive\r\nConnection: Up\r\nConnection: grade',
  });
  t.equal(read(apart), refusals.badConnection, 'a word on two lines is no word');
  const protocols = read(
    withLines('Sec-WebSocket-Protocol: 10m.v1', 'Sec-WebSocket-Protocol: token.a.b.c, x'),
  );
  t.equal(subprotocolOf(protocols as Handshake), '10m.v1');
  t.equal(tokenOf(protocols as Handshake), 'a.b.c');
  t.end();
});

t.test('what may stand once is refused when it stands twice', (t) => {
  for (const name of ['Sec-WebSocket-Key', 'Sec-WebSocket-Version', 'Origin', 'Authorization']) {
    for (const value of ['', 'x', SAMPLE_KEY, '13']) {
      const twice = withLines(`${name}: ${value}`, `${name.toLowerCase()}: y`);
      t.equal(read(twice), refusals.repeatedHeader, `${name}: ${value}`);
    }
  }
  t.match(
    read(withLines('Cookie: a=b', 'Cookie: c=d')),
    { channel: 'news' },
    'what is not read does not matter',
  );
  t.end();
});

t.test('request line and headers have a limit, to the byte', (t) => {
  const filled = (bytes: string, size: number) =>
    bytes.replace(/\r\n$/, `X: ${'x'.repeat(size - bytes.length - 5)}\r\n\r\n`);
  for (const bytes of [good, handshakeBytes('/news?token=x')]) {
    t.equal(filled(bytes, 8192).length, 8192);
    t.match(read(filled(bytes, 8192)), { channel: 'news' });
    t.equal(read(filled(bytes, 8193)), refusals.headerTooLarge);
  }
  t.equal(read(handshakeBytes(`/${'x'.repeat(8192)}`)), refusals.headerTooLarge, 'a path');
  t.equal(read(handshakeBytes('/news', {}, 'X'.repeat(8192))), refusals.headerTooLarge, 'a method');
  t.equal(new HandshakeReader(1024).read(requestOf(filled(good, 1025))), refusals.headerTooLarge);
  t.end();
});

t.test('where a token is looked for', (t) => {
  const token = (authorization: string, offered: string, query: string) =>
    tokenOf({ authorization, offered, query });
  t.equal(token('Bearer a', '10m.v1, token.b', 'token=c'), 'a');
  t.equal(token('bearer  a', '', ''), 'a');
  t.equal(token('Basic a', '10m.v1, token.b', 'token=c'), 'b');
  t.equal(token('', 'token.b', 'token=c'), 'c', 'the subprotocol of a token stands beside ours');
  t.equal(token('', '10m.v1, token.', 'a=b&token=c%2Ed&token=e'), 'c.d');
  t.equal(token('', '', 'token='), undefined);
  t.equal(token('', '', ''), undefined);
  t.end();
});
