import { once } from 'node:events';
import { connect } from 'node:net';
import t from 'tap';
import { startServer, type TestServer } from '../harness/server.js';
import { drop, exchange, handshakeBytes, open, type TestConnection } from '../harness/sockets.js';

/** A PROXY protocol v2 header for a TCP connection (the specification of HAProxy, section 2.2). */
function proxyHeader(source: readonly number[]): Buffer {
  const isV4 = source.length === 4;
  const addresses = [...source, ...source.map(() => 1), 0x30, 0x39, 0x27, 0x10];
  const head = Buffer.from([0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]);
  return Buffer.concat([head, Buffer.from([0x21, isV4 ? 0x11 : 0x21, 0, addresses.length, ...addresses])]);
}

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
  t.equal((await connectFrom(server, v6(1, 1), t)).status, 101);
  t.equal((await connectFrom(server, v6(2, 1), t)).status, 101);
  t.equal((await connectFrom(server, v6(3, 1), t)).status, 429, 'the same /64');
  t.equal((await connectFrom(server, v6(3, 2), t)).status, 101, 'another /64');
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
