import { once } from 'node:events';
import { connect } from 'node:net';
import t from 'tap';
import { RawSocket, statusesIn, upgraded } from '../harness/attackers.js';
import { proxyHeader } from '../harness/proxy-header.js';
import { startServer, type TestServer } from '../harness/server.js';
import { drop, exchange, handshakeBytes, open, type TestConnection } from '../harness/sockets.js';

/** Sends a handshake behind a PROXY header; the first line of the answer. */
async function connectFrom(
  server: TestServer,
  source: readonly number[],
  t: { teardown(run: () => void): void },
) {
  const socket = connect(server.port, '127.0.0.1');
  t.teardown(() => socket.destroy());
  socket.on('error', () => {});
  socket.write(Buffer.concat([proxyHeader(source), Buffer.from(handshakeBytes('/news'))]));
  const [answer] = await once(socket, 'data');
  return { status: Number(String(answer).slice(9, 12)), socket };
}

t.test('web pages of other origins stay out, and everybody else comes in', async (t) => {
  const server = await startServer(t, [
    ...['--workers', '1', '--allowed-origins', 'https://app.example.com, *.example.org:8443'],
  ]);
  const status = async (Origin: string | undefined) => {
    const socket = connect(server.port, '127.0.0.1');
    socket.write(handshakeBytes('/news', { Origin }));
    const [answer] = await once(socket, 'data');
    socket.destroy();
    return Number(String(answer).slice(9, 12));
  };
  t.equal(await status('https://app.example.com'), 101);
  t.equal(await status('https://a.b.example.org:8443'), 101);
  t.equal(await status(undefined), 101);
  for (const origin of ['https://evil.test', 'http://app.example.com', 'null', 'https://example.org:8443']) {
    t.equal(await status(origin), 403, origin);
  }
  t.equal(await server.metric('tenm_connections_rejected_total', 'reason="origin"'), 4);
});

t.test('one address has its limit over all workers, and gets its place back', async (t) => {
  const server = await startServer(t, ['--workers', '2', '--max-connections-per-ip', '10']);
  const members: TestConnection[] = [];
  for (let i = 0; i < 10; i++) members.push(await open(server.url('news')));
  const answer = await exchange(server.port, handshakeBytes('/news'));
  t.match(answer, /^HTTP\/1\.1 429 /);
  t.match(answer, /^retry-after: \d+\r$/im);
  t.equal(await server.metric('tenm_connections_rejected_total', 'reason="address"'), 1);

  members.pop()!.socket.terminate();
  await server.until(async () => (await server.stats()).connections === 9);
  members.push(await open(server.url('news')));
  t.equal(await server.publish('news', 'hello'), 202);
  for (const member of members) await member.messages(1);
  drop(members);
});

t.test('a worker that dies gives back the places of its addresses', async (t) => {
  const server = await startServer(t, ['--workers', '1', '--max-connections-per-ip', '3']);
  const before = [await open(server.url('a')), await open(server.url('a')), await open(server.url('a'))];
  const { pid } = (await server.stats()).workers[0]!;
  process.kill(pid, 'SIGKILL');
  await Promise.all(before.map(({ closed }) => closed));
  await server.until(async () => (await server.stats()).workers[0]?.state === 'listening');
  const after = [await open(server.url('a')), await open(server.url('a')), await open(server.url('a'))];
  t.match(await exchange(server.port, handshakeBytes('/a')), /^HTTP\/1\.1 429 /);
  drop(after);
});

t.test('a PROXY header is believed from who is trusted alone', async (t) => {
  const careless = await startServer(t, ['--workers', '1']);
  t.equal((await connectFrom(careless, [203, 0, 113, 1], t)).status, 400);
  t.equal(await careless.metric('tenm_connections_rejected_total', 'reason="proxy"'), 1);
  const elsewhere = await startServer(t, ['--workers', '1', '--trust-proxy', '10.0.0.0/8,::1']);
  t.equal((await connectFrom(elsewhere, [203, 0, 113, 1], t)).status, 400);

  const server = await startServer(t, [
    ...['--workers', '1', '--trust-proxy', '127.0.0.0/8', '--max-connections-per-ip', '2'],
  ]);
  const one = [203, 0, 113, 1];
  t.equal((await connectFrom(server, one, t)).status, 101);
  const second = await connectFrom(server, one, t);
  t.equal(second.status, 101);
  t.equal((await connectFrom(server, one, t)).status, 429, 'its third');
  t.equal(
    (await connectFrom(server, [203, 0, 113, 2], t)).status,
    101,
    'another client of the same balancer',
  );
  second.socket.destroy();
  await server.until(async () => (await server.stats()).connections === 2);
  t.equal((await connectFrom(server, one, t)).status, 101);

  const v6 = (last: number, subnet: number) => [
    0x20,
    1,
    0xd,
    0xb8,
    0,
    0,
    0,
    subnet,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    last,
  ];
  const extended = new RawSocket(server.port);
  t.teardown(() => extended.reset());
  extended.write(Buffer.concat([proxyHeader([203, 0, 113, 3], 24), Buffer.from(handshakeBytes('/news'))]));
  t.ok(await extended.until((text) => text.includes('101 ')), 'as many extensions as there is room for');

  t.equal((await connectFrom(server, v6(1, 1), t)).status, 101);
  t.equal((await connectFrom(server, v6(2, 1), t)).status, 101);
  t.equal((await connectFrom(server, v6(3, 1), t)).status, 429, 'the same /64');
  t.equal((await connectFrom(server, v6(3, 2), t)).status, 101, 'another /64');
});

t.test('the address of a socket is that of its first PROXY header', async (t) => {
  const server = await startServer(t, [
    ...['--workers', '1', '--trust-proxy', '127.0.0.0/8', '--max-connections-per-ip', '2'],
  ]);
  const attacker = proxyHeader([203, 0, 113, 66]);
  const forged = proxyHeader([198, 51, 100, 1]);
  const good = Buffer.from(handshakeBytes('/news'));
  const refused = [
    handshakeBytes('/news', {}, 'POST'),
    handshakeBytes('/$reserved'),
    handshakeBytes('/news', { 'Sec-WebSocket-Version': '8' }),
    'GET /news HTTP/1.1\r\nHost: x\r\n\r\n',
    'POST /news HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello',
  ].map((request) => Buffer.from(request));
  const answerOf = async (...parts: Buffer[]) => {
    const raw = new RawSocket(server.port);
    t.teardown(() => raw.reset());
    raw.write(Buffer.concat(parts));
    await raw.until((text) => text.includes('HTTP/1.1 101'));
    return statusesIn(raw.text);
  };
  // Two headers in a row are no request: uWS waits for one until it cuts the socket.
  const doubled = new RawSocket(server.port);
  t.teardown(() => doubled.reset());
  doubled.write(Buffer.concat([attacker, forged, good]));
  for (const first of refused) {
    t.equal(await answerOf(attacker, first, forged, good), '', String(first).slice(0, 60));
    t.equal(await answerOf(attacker, first, forged, first, forged, good), '');
    t.equal(await answerOf(attacker, first, good), '');
    // The same in a segment of its own, as soon as the answer to the first one has come.
    const raw = new RawSocket(server.port);
    raw.write(Buffer.concat([attacker, first]));
    await raw.until((text) => text.includes('\r\n\r\n'));
    raw.write(Buffer.concat([forged, good]));
    await raw.closed;
    t.match(statusesIn(raw.text), /^4\d\d$/, 'in a segment of its own');
  }
  t.equal(doubled.text, '');
  t.equal(await server.metric('tenm_connections_opened_total'), 0, 'nobody came in behind a refusal');
  t.equal((await connectFrom(server, [198, 51, 100, 1], t)).status, 101, 'the victim has its places');
  t.equal((await connectFrom(server, [198, 51, 100, 1], t)).status, 101);
});

t.test('an address has no more unfinished handshakes in a worker than it may have connections', async (t) => {
  const limit = 5;
  const server = await startServer(t, [
    ...['--workers', '1', '--max-connections', '50', '--max-connections-per-ip', String(limit)],
  ]);
  const silent = Array.from({ length: 60 }, () => new RawSocket(server.port));
  t.teardown(() => silent.forEach((raw) => void raw.reset()));
  await server.until(async () => silent.filter(({ isClosed }) => isClosed).length === 60 - limit);
  t.equal(await server.metric('tenm_connections_rejected_total', 'reason="address"'), 60 - limit);
  const other = await upgraded(server.port, '127.0.0.1', '127.0.0.2');
  t.notOk(other.isClosed, 'another address comes in meanwhile');
  other.reset();

  const held = silent.filter(({ isClosed }) => !isClosed);
  // Whatever becomes of one of them gives its place back: it leaves, is refused, or becomes a connection.
  held[0]!.reset();
  held[1]!.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await held[1]!.closed;
  t.equal(statusesIn(held[1]!.text), '426');
  held[2]!.write(handshakeBytes('/news'));
  await held[2]!.until((text) => text.includes('101 '));
  held[3]!.reset();
  held[4]!.reset();
  for (let round = 0; round < 3; round++) {
    const members = await Promise.all(Array.from({ length: limit - 1 }, () => upgraded(server.port)));
    t.equal(members.length, limit - 1, 'it has all its places');
    for (const member of members) member.reset();
    await server.until(async () => (await server.stats()).connections === 1);
  }
});

t.test('more handshakes than are wanted are told to come again', async (t) => {
  const server = await startServer(t, ['--workers', '1', '--max-handshakes-per-second', '20']);
  const startedMs = performance.now();
  const attempts = await Promise.all(
    Array.from({ length: 60 }, async () => {
      const socket = connect(server.port, '127.0.0.1');
      t.teardown(() => socket.destroy());
      socket.write(handshakeBytes('/news'));
      return String((await once(socket, 'data'))[0]);
    }),
  );
  const accepted = attempts.filter((answer) => answer.startsWith('HTTP/1.1 101')).length;
  const most = 20 + Math.ceil((20 * (performance.now() - startedMs)) / 1000);
  t.ok(accepted >= 20 && accepted <= most, `${accepted} of 60`);
  const refused = attempts.filter((answer) => answer.startsWith('HTTP/1.1 503'));
  t.equal(refused.length, 60 - accepted);
  t.ok(refused.every((answer) => /^retry-after: 1\r$/im.test(answer)));
  t.equal(await server.metric('tenm_connections_rejected_total', 'reason="rate"'), refused.length);
  await server.until(async () => {
    const again = await open(server.url('news')).catch(() => undefined);
    again?.socket.terminate();
    return again !== undefined;
  });
  t.pass('and later they come in');
});
