import t, { type Test } from 'tap';
import { RawSocket, statusesIn } from '../harness/attackers.js';
import { startServer } from '../harness/server.js';
import { drop, exchange, handshakeBytes, open, openMany } from '../harness/sockets.js';

t.test('who may come in, and what the others are told', async (t) => {
  const server = await startServer(t, ['--workers', '1']);

  const answers = async (t: Test, bytes: string | Buffer, expected: RegExp[]) => {
    const answer = await exchange(server.port, bytes);
    for (const pattern of expected) t.match(answer, pattern);
    const body = answer.split('\r\n\r\n')[1] ?? '';
    t.match(body, /^[^\n]+\n$/, 'one line of reason');
  };

  await t.test('channels that cannot be', async (t) => {
    const bad = [
      '/',
      '/%zz',
      '/%',
      '/a%00b',
      '/a%0Ab',
      '/%7F',
      '/%ff',
      '/$x',
      '/%24x',
      '/?channel=x',
      `/${'x'.repeat(256)}`,
    ];
    for (const path of bad) await answers(t, handshakeBytes(path), [/^HTTP\/1\.1 400 /]);
    await answers(t, Buffer.from(handshakeBytes('/\xff'), 'latin1'), [/^HTTP\/1\.1 400 /]);
  });

  await t.test('headers that make no handshake', async (t) => {
    await answers(t, handshakeBytes('/news', { Upgrade: undefined }), [
      /^HTTP\/1\.1 426 /,
      /Upgrade: websocket/i,
    ]);
    await answers(t, handshakeBytes('/news', { Upgrade: 'h2c' }), [/^HTTP\/1\.1 426 /]);
    await answers(t, handshakeBytes('/news', { Connection: 'close' }), [/^HTTP\/1\.1 400 /]);
    await answers(t, handshakeBytes('/news', { Connection: undefined }), [/^HTTP\/1\.1 400 /]);
    for (const version of ['12', '', 'x', undefined]) {
      await answers(t, handshakeBytes('/news', { 'Sec-WebSocket-Version': version }), [
        /^HTTP\/1\.1 426 /,
        /Sec-WebSocket-Version: 13/i,
      ]);
    }
    for (const key of [
      undefined,
      '',
      'short',
      '!GhlIHNhbXBsZSBub25jZQ==',
      'dGhlIHNhbXBsZSBub25jZQ=x',
      'x'.repeat(25),
    ]) {
      await answers(t, handshakeBytes('/news', { 'Sec-WebSocket-Key': key }), [/^HTTP\/1\.1 400 /]);
    }
  });

  await t.test('other methods and versions', async (t) => {
    await answers(t, 'GET /news HTTP/1.1\r\nHost: x\r\n\r\n', [/^HTTP\/1\.1 426 /, /Upgrade: websocket/i]);
    await answers(t, 'POST /news HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello', [
      /^HTTP\/1\.1 405 /,
      /Allow: GET/i,
    ]);
    await answers(t, handshakeBytes('/news', {}, 'PUT'), [/^HTTP\/1\.1 405 /]);
    const old = await exchange(server.port, 'GET /news HTTP/1.0\r\nHost: x\r\n\r\n');
    t.match(old, /^HTTP\/1\.1 505 /);
    const oldHandshake = handshakeBytes('/news').replace('HTTP/1.1', 'HTTP/1.0');
    t.notMatch(await exchange(server.port, oldHandshake), /101 Switching/);
  });

  await t.test('good ones', async (t) => {
    const longest = 'x'.repeat(255);
    const paths = ['news', 'a/b//c', '%C3%A9t%C3%A9', longest, 'q?token=x'];
    const channels = ['news', 'a/b//c', 'été', longest, 'q'];
    const connections = await openMany(paths.length, (i) => server.url(paths[i]!));
    const shouting = await open(server.url('news'), {
      headers: { Upgrade: 'WebSocket', Connection: 'keep-alive, UPGRADE' },
    }).catch(() => undefined);
    for (const [i, channel] of channels.entries()) {
      t.equal(await server.publish(encodeURIComponent(channel), `to ${i}`), 202);
      await connections[i]!.messages(1);
      t.same(connections[i]!.texts, [`to ${i}`]);
    }
    drop([...connections, ...(shouting === undefined ? [] : [shouting])]);
  });

  await t.test('refusals are counted by reason, and leave nothing open', async (t) => {
    t.equal(await server.metric('tenm_connections_rejected_total', 'reason="bad_channel"'), 12);
    t.ok((await server.metric('tenm_connections_rejected_total', 'reason="bad_handshake"')) >= 12);
    t.equal(await server.metric('tenm_connections_rejected_total', 'reason="bad_method"'), 2);
    await server.until(async () => (await server.stats()).connections === 0);
  });
});

t.test('a client that talks is not listened to; one that shouts is closed', async (t) => {
  const server = await startServer(t, ['--workers', '1']);
  const [talker, shouter] = await openMany(2, () => server.url('news'));
  talker!.socket.send('x'.repeat(1024));
  talker!.socket.send(Buffer.alloc(1024));
  shouter!.socket.send('x'.repeat(1025));
  await shouter!.closed;
  await server.publish('news', 'still here');
  await talker!.messages(1);
  t.same(talker!.texts, ['still here'], 'nothing was echoed');
  t.equal(await server.metric('tenm_connections_closed_total', 'reason="too_big"'), 1);
  talker!.socket.close(1000);
  t.same(await talker!.closed, { code: 1000, reason: '' });
  await server.until(
    async () => (await server.metric('tenm_connections_closed_total', 'reason="client"')) === 1,
  );
  drop([talker!]);
});

t.test('cookies have room, and what is larger than allowed is refused and counted', async (t) => {
  const server = await startServer(t, ['--workers', '1']);
  const withCookie = (bytes: number) => handshakeBytes('/news', { Cookie: `a=${'x'.repeat(bytes)}` });
  /** The status of the answer to a handshake that comes in so many pieces, each in a segment of its own. */
  const statusOf = async (port: number, bytes: string, pieces: number) => {
    const raw = new RawSocket(port);
    t.teardown(() => raw.reset());
    const size = Math.ceil(bytes.length / pieces);
    await raw.writeApart(Array.from({ length: pieces }, (_, i) => bytes.slice(i * size, (i + 1) * size)));
    await raw.until((text) => text.includes('\r\n\r\n'));
    return statusesIn(raw.text);
  };
  for (const pieces of [1, 2, 7]) {
    for (const bytes of [4100, 7900]) t.equal(await statusOf(server.port, withCookie(bytes), pieces), '101');
    for (const bytes of [8200, 20_000])
      t.equal(await statusOf(server.port, withCookie(bytes), pieces), '431');
  }
  t.equal(await server.metric('tenm_connections_rejected_total', 'reason="header_too_large"'), 6);
  const answer = await exchange(server.port, withCookie(9000));
  t.match(answer.split('\r\n\r\n')[1], /^[^\n]*--max-header[^\n]*\n$/, 'the answer names the flag');

  const roomy = await startServer(t, ['--workers', '1', '--max-header', '65536']);
  t.equal(await statusOf(roomy.port, withCookie(60_000), 3), '101');
  t.equal(await statusOf(roomy.port, withCookie(70_000), 3), '431');
  const narrow = await startServer(t, ['--workers', '1', '--max-header', '1024']);
  t.equal(await statusOf(narrow.port, withCookie(500), 1), '101');
  t.equal(await statusOf(narrow.port, withCookie(1000), 1), '431');
  t.equal(await narrow.metric('tenm_connections_rejected_total', 'reason="header_too_large"'), 1);
});
