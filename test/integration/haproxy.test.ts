// Behind a real haproxy: PROXY headers that are read, and those that cannot be.
import t from 'tap';
import { RawSocket, statusesIn, upgraded } from '../harness/attackers.js';
import { startHaproxy } from '../harness/haproxy.js';
import { found } from '../harness/programs.js';
import { startServer, type Teardown } from '../harness/server.js';
import { handshakeBytes } from '../harness/sockets.js';

const TLVS = 'send-proxy-v2 proxy-v2-options crc32c,unique-id';
const UNREADABLE = 'reason="proxy_unreadable"';

const startBehindBalancer = (t: Teardown) =>
  startServer(t, ['--workers', '1', '--trust-proxy', '127.0.0.1', '--max-connections-per-ip', '2']);

/** Whether a client from this address comes in. */
async function comesIn(t: Teardown, port: number, from: string): Promise<boolean> {
  const raw = await upgraded(port, '127.0.0.1', from).catch(() => undefined);
  t.teardown(() => raw?.reset());
  return raw !== undefined;
}

t.test('PROXY headers that can be read', found('haproxy'), async (t) => {
  const server = await startBehindBalancer(t);
  const [plain, , relayed, old] = await startHaproxy(t, [
    // Health checks with a header of their own, several in a second.
    { server: 'send-proxy-v2 check check-send-proxy inter 100', to: server.port },
    { bind: 'accept-proxy', server: 'send-proxy-v2', to: server.port },
    { server: TLVS, to: { lane: 1 } },
    { server: 'send-proxy', to: { lane: 1 } },
  ]);

  for (const [port, name] of [
    [plain!, 'send-proxy-v2'],
    [relayed!, 'TLVs, and a second haproxy that leaves them out'],
    [old!, 'version 1, and a second haproxy that speaks version 2'],
  ] as const) {
    const client = `127.0.0.${port - plain! + 10}`;
    const places = [comesIn(t, port, client), comesIn(t, port, client)];
    t.same(await Promise.all(places), [true, true], `${name}: an address has its places`);
    t.equal(await comesIn(t, port, client), false, `${name}: and no more`);
    t.equal(await comesIn(t, port, `${client}0`), true, `${name}: another has its own`);
  }

  await t.test('a client behind it that says nothing is cut as such', async (t) => {
    const counted = await server.metric('tenm_connections_rejected_total', UNREADABLE);
    const silent = new RawSocket(plain!);
    await silent.closed;
    t.equal(await server.metric('tenm_connections_rejected_total', 'reason="handshake_timeout"'), 1);
    t.equal(await server.metric('tenm_connections_rejected_total', UNREADABLE), counted);
  });
  t.equal(server.process.count(/no PROXY header that can be read/), 0);
});

t.test('PROXY headers that cannot be read are counted, and told once', found('haproxy'), async (t) => {
  const server = await startBehindBalancer(t);
  const [extended] = await startHaproxy(t, [{ server: TLVS, to: server.port }]);
  const unread = Array.from({ length: 3 }, () => {
    const raw = new RawSocket(extended!);
    raw.write(handshakeBytes('/news'));
    return raw;
  });
  // A client that gives up before it is cut.
  const impatient = setTimeout(() => unread[0]!.reset(), 3000);
  await Promise.all(unread.map(({ closed }) => closed));
  clearTimeout(impatient);
  t.same(
    unread.map(({ text }) => text),
    ['', '', ''],
  );
  await server.until(async () => (await server.metric('tenm_connections_rejected_total', UNREADABLE)) === 3);
  t.equal(await server.metric('tenm_connections_rejected_total', 'reason="handshake_timeout"'), 0);
  const told = server.process.lines.filter((line) => /no PROXY header that can be read/.test(line));
  t.equal(told.length, 1, 'one line');
  t.match(told[0], /"level":"warn".*"balancer":"127\.0\.0\.1".*proxy-v2-options.*operations\.md/);
});

t.test(
  'PROXY version 1 is counted and told once, while no header was ever read',
  found('haproxy'),
  async (t) => {
    const server = await startBehindBalancer(t);
    const [v1, plain] = await startHaproxy(t, [
      { server: 'send-proxy', to: server.port },
      { server: 'send-proxy-v2', to: server.port },
    ]);
    const refused = async () => {
      const raw = new RawSocket(v1!);
      raw.write(handshakeBytes('/news'));
      await raw.closed;
      t.equal(statusesIn(raw.text), '505');
    };
    await refused();
    await refused();
    // The harness has connected once, to see whether haproxy listens.
    const counted = () => server.metric('tenm_connections_rejected_total', UNREADABLE);
    await server.until(async () => (await counted()) >= 2);
    const hints = server.process.lines.filter((line) => /no PROXY header of version 2/.test(line));
    t.equal(hints.length, 1, 'one line');
    t.match(hints[0], /"level":"info".*send-proxy-v2/);

    t.equal(await comesIn(t, plain!, '127.0.0.9'), true);
    const before = await counted();
    await refused();
    t.equal(await counted(), before, 'from then on it may be a health check');
  },
);
