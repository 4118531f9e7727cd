import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { exportJWK, SignJWT } from 'jose';
import t from 'tap';
import { startServer } from '../harness/server.js';
import { exchange, handshakeBytes, open, openMany } from '../harness/sockets.js';
import { secretFile, startGuardedServer, tokenFor } from '../harness/tokens.js';

const nowS = () => Math.floor(Date.now() / 1000);

t.test('who has a token for the channel comes in, on each of three ways', async (t) => {
  const server = await startGuardedServer(t);
  const token = await tokenFor(['news', 'user.7.*'], { exp: nowS() + 600, sub: '7' });

  const byHeader = await open(server.url('news'), { headers: { Authorization: `Bearer ${token}` } });
  const byQuery = await open(`${server.url('user.7.inbox')}?token=${token}`);
  const bySubprotocol = await open(server.url('news'), {
    headers: { 'Sec-WebSocket-Protocol': `10m.v1, token.${token}` },
    // The client of `ws` checks the answer against what it offered by itself.
    protocolVersion: 13,
  }).catch((error: Error) => error);
  t.match(String(bySubprotocol), /subprotocol/i, 'it is answered with a subprotocol');
  const raw = connect(server.port, '127.0.0.1');
  raw.write(handshakeBytes('/news', { 'Sec-WebSocket-Protocol': `10m.v1, token.${token}` }));
  const answer = String((await once(raw, 'data'))[0]);
  t.match(answer, /^HTTP\/1\.1 101 /);
  t.match(answer, /^sec-websocket-protocol: 10m\.v1\r$/im, 'the token is not sent back');
  raw.destroy();

  t.equal(await server.publish('news', 'hello'), 202);
  t.equal(await server.publish('user.7.inbox', 'hi'), 202);
  await byHeader.messages(1);
  await byQuery.messages(1);
  t.same([...byHeader.texts, ...byQuery.texts], ['hello', 'hi']);
  for (const { socket } of [byHeader, byQuery]) socket.terminate();
});

t.test('who has none does not, and no log shows a token', async (t) => {
  const server = await startGuardedServer(t, ['--log-level', 'debug']);
  const good = await tokenFor(['news']);
  const cases: [token: string | undefined, path: string, status: number][] = [
    [undefined, '/news', 401],
    ['garbage', '/news', 401],
    [await tokenFor(['news'], { exp: nowS() - 60 }), '/news', 401],
    [await tokenFor(['news'], { nbf: nowS() + 600 }), '/news', 401],
    [await tokenFor(['news'], {}, 'another secret of more than 32 bytes'), '/news', 401],
    [good, '/other', 403],
    [good, '/news/more', 403],
  ];
  for (const [token, channel, status] of cases) {
    const Authorization = token && `Bearer ${token}`;
    const answer = await exchange(server.port, handshakeBytes(channel, { Authorization }));
    t.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `), `${channel} with ${token}`);
    t.equal(/^www-authenticate: Bearer/im.test(answer), status === 401);
    t.notMatch(answer, token ?? 'no token');
  }
  const subprotocolAlone = { 'Sec-WebSocket-Protocol': `token.${good}` };
  t.match(await exchange(server.port, handshakeBytes('/news', subprotocolAlone)), /^HTTP\/1\.1 401 /);
  t.equal(await server.metric('tenm_connections_rejected_total', 'reason="token"'), 6);
  t.equal(await server.metric('tenm_connections_rejected_total', 'reason="channel"'), 2);
  const said = `${server.process.lines.join('\n')}${JSON.stringify(await server.stats())}`;
  for (const [token] of cases) if (token !== undefined) t.notOk(said.includes(token), 'no token in a log');
  t.notMatch(said, /a secret of more than/);
});

t.test('a connection ends when its token does', async (t) => {
  const server = await startGuardedServer(t, ['--jwt-leeway', '0']);
  const expS = nowS() + 5;
  const short = await tokenFor(['news'], { exp: expS });
  const long = await tokenFor(['news'], { exp: expS + 600 });
  const expiring = await openMany(600, () => `${server.url('news')}?token=${short}`);
  const stays = await open(`${server.url('news')}?token=${long}`);
  const ends = await Promise.all(expiring.map(({ closed }) => closed));
  const lateS = Date.now() / 1000 - expS;
  t.ok(lateS >= 0 && lateS < 5, `${lateS.toFixed(1)} s after its time`);
  t.ok(ends.every(({ code, reason }) => code === 1008 && reason === 'the token has expired'));
  await server.publish('news', 'still here');
  await stays.messages(1);
  t.equal(await server.metric('tenm_connections_closed_total', 'reason="expired"'), 600);
  t.equal((await server.stats()).connections, 1);
  stays.socket.terminate();
});

t.test('clocks may differ by the leeway: a token opens and holds for so long', async (t) => {
  const server = await startGuardedServer(t, ['--jwt-leeway', '30']);
  const early = await tokenFor(['news'], { nbf: nowS() + 20 });
  const ended = await tokenFor(['news'], { exp: nowS() - 25 });
  const first = await open(`${server.url('news')}?token=${early}`);
  const last = await open(`${server.url('news')}?token=${ended}`);
  t.match(await last.closed, { code: 1008, reason: 'the token has expired' });
  first.socket.terminate();
});

/** In each process of a server: SIGUSR2 sets its wall clock back by an hour. */
const SETTABLE_CLOCK = `data:text/javascript,${encodeURIComponent(
  'const { now } = Date; process.on("SIGUSR2", () => { Date.now = () => now() - 3_600_000; });',
)}`;

t.test('a wall clock that is set back gives no token more time', async (t) => {
  const args = ['--workers', '1', '--auth', 'jwt', '--jwt-secret-file', secretFile(t), '--jwt-leeway', '0'];
  const server = await startServer(t, args, { environment: { NODE_OPTIONS: `--import=${SETTABLE_CLOCK}` } });
  const expS = nowS() + 3;
  const connection = await open(`${server.url('news')}?token=${await tokenFor(['news'], { exp: expS })}`);
  process.kill((await server.stats()).workers[0]!.pid, 'SIGUSR2');
  t.match(await connection.closed, { code: 1008, reason: 'the token has expired' });
  t.ok(Date.now() / 1000 >= expS, 'and none less');
});

t.test('keys of a set that no token can be checked with are told of, once', async (t) => {
  const folder = t.testdir({});
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const keys = [{ kty: 'EC', crv: 'P-384', x: 'AA', y: 'AA' }, await exportJWK(publicKey)];
  writeFileSync(join(folder, 'keys.json'), JSON.stringify({ keys }));
  const args = ['--workers', '2', '--auth', 'jwt', '--jwt-public-key', join(folder, 'keys.json')];
  const server = await startServer(t, args);
  t.match(await server.process.line(/a key of --jwt-public-key is not used/), /keys\[0\] is no public key/);
  t.equal(server.process.count(/a key of --jwt-public-key/), 1);
  const token = await new SignJWT({ channels: ['news'] })
    .setProtectedHeader({ alg: 'EdDSA' })
    .sign(privateKey);
  const connection = await open(`${server.url('news')}?token=${token}`);
  connection.socket.terminate();
});

t.test('clients that leave while their tokens are checked harm nobody', async (t) => {
  const server = await startGuardedServer(t, ['--max-connections-per-ip', '50']);
  const pid = (await server.stats()).workers[0]!.pid;
  const token = await tokenFor(['news']);
  const request = handshakeBytes('/news', { Authorization: `Bearer ${token}` });
  for (let round = 0; round < 20; round++) {
    const sockets = Array.from({ length: 40 }, () => {
      const socket = connect(server.port, '127.0.0.1');
      socket.on('error', () => {});
      // Resets at different moments: before the request is read, while it is checked, after the answer.
      socket.write(request, () => setImmediate(() => socket.resetAndDestroy()));
      return socket;
    });
    await Promise.all(sockets.map((socket) => once(socket, 'close').catch(() => {})));
  }
  await server.until(async () => (await server.stats()).connections === 0);
  t.equal((await server.stats()).workers[0]!.pid, pid, 'the same worker');
  const members = await Promise.all(
    Array.from({ length: 50 }, () => open(`${server.url('news')}?token=${token}`)),
  );
  t.pass('all places of the address are free again');
  for (const { socket } of members) socket.terminate();
});

t.test(
  'the file of the keys is that of the whole generation: a replacement does not read a newer one',
  async (t) => {
    const file = secretFile(t);
    const newSecret = 'the next secret, of more than 32 bytes too';
    const server = await startServer(t, [...['--workers', '2', '--auth', 'jwt', '--jwt-secret-file', file]]);
    const [oldToken, newToken] = [await tokenFor(['news']), await tokenFor(['news'], {}, newSecret)];
    /** The status lines of twenty handshakes, which the kernel spreads over the workers. */
    const statuses = async (token: string): Promise<Set<string>> => {
      const lines = new Set<string>();
      for (let i = 0; i < 20; i++) {
        const socket = connect(server.port, '127.0.0.1');
        socket.write(handshakeBytes('/news', { Authorization: `Bearer ${token}` }));
        lines.add(String((await once(socket, 'data'))[0]).split('\r\n', 1)[0]!);
        socket.destroy();
      }
      return lines;
    };
    writeFileSync(file, newSecret);
    const [killed] = (await server.stats()).workers;
    process.kill(killed!.pid, 'SIGKILL');
    await server.until(async () => {
      const { workers } = await server.stats();
      return workers.length === 2 && workers.every(({ pid }) => pid !== killed!.pid);
    });
    await server.untilReady();
    t.same([...(await statuses(oldToken))], ['HTTP/1.1 101 Switching Protocols']);
    t.same([...(await statuses(newToken))], ['HTTP/1.1 401 Unauthorized']);

    server.process.child.kill('SIGHUP');
    await server.process.line(/"restarted"/);
    t.same([...(await statuses(newToken))], ['HTTP/1.1 101 Switching Protocols']);
    t.same([...(await statuses(oldToken))], ['HTTP/1.1 401 Unauthorized']);

    writeFileSync(file, 'short');
    const from = server.process.lines.length;
    server.process.child.kill('SIGHUP');
    t.match(
      await server.process.line(/restart given up/, from),
      /--jwt-secret-file.* holds 5 bytes/,
      'a file that cannot be used is told before any worker is started',
    );
    t.same([...(await statuses(newToken))], ['HTTP/1.1 101 Switching Protocols']);
  },
);
