import { once } from 'node:events';
import { join } from 'node:path';
import t from 'tap';
import type { WebSocket } from 'ws';
import { selfSigned } from '../../bench/certificate.js';
import { hostTls } from '../../client/connection/host-tls.js';
import { loadCommand, subscribeCommand } from '../../client/options.js';
import { parseCommandLine } from '../../server/command/command-line.js';
import { ClientProcess } from '../harness/client-process.js';
import { rawServer, TestServer } from '../harness/websocket-server.js';

const certificate = selfSigned();
t.teardown(() => certificate.remove());

const trusting = ['--tls-ca', certificate.certFile];

const listen = (onConnection?: (socket: WebSocket, path: string) => void): Promise<TestServer> =>
  TestServer.listen(onConnection, undefined, certificate);

const load = (host: string, port: number, connections: number, ...flags: string[]): ClientProcess =>
  new ClientProcess(
    host,
    String(connections),
    ...`--port ${port} --workers 1 --json --tls`.split(' '),
    ...flags,
  );

t.test('the load client connects to a server that it trusts', async (t) => {
  const server = await listen((socket, path) => {
    socket.ping();
    socket.send('');
    socket.send(`${path} `.repeat(20_000));
  });
  for (const host of ['127.0.0.1', 'localhost']) {
    const client = load(host, server.port, 20, ...trusting);
    const lines = Array.from({ length: 20 }, (_, n) => {
      const url = `wss://${host}:${server.port}/c${n}`;
      return `received message ${url} ${`/c${n} `.repeat(20_000)}`;
    });
    await client.until(({ stdout }) => stdout.split('\n').length > 20);
    t.equal(await client.stop(), 0);
    const printed = client.stdout.split('\n').slice(0, 20);
    t.ok(
      lines.every((line) => printed.includes(line)),
      'whole messages, each of its connection',
    );
    t.match(client.summary, {
      target: `wss://${host}:${server.port}`,
      connected: 20,
      failed: 0,
      lost: 0,
      pings: 40,
    });
  }
  await server.close();
});

t.test('a certificate that is not trusted is exit 1, and said', async (t) => {
  const server = await listen();
  const client = load('127.0.0.1', server.port, 3);
  t.equal(await client.exited, 1);
  t.match(client.summary, { connected: 0, failed: 3 });
  t.same(Object.keys(client.summary.failures), [
    'the certificate cannot be verified: self-signed certificate',
  ]);
  const subscriber = new ClientProcess('subscribe', `wss://127.0.0.1:${server.port}/a`);
  t.equal(await subscriber.exited, 1);
  t.match(subscriber.stderr, /refused: the certificate cannot be verified: self-signed certificate\n/);
  t.equal(subscriber.stdout, '');
  t.same(server.paths, [], 'nothing was asked for');
  await server.close();
});

t.test('subscribe over TLS, by name and by address', async (t) => {
  const server = await listen((socket) => {
    socket.send('x'.repeat(200_000));
    socket.send('bye');
  });
  for (const host of ['localhost', '127.0.0.1']) {
    const client = new ClientProcess('subscribe', `wss://${host}:${server.port}/a`, ...trusting);
    await client.until(({ stdout }) => stdout.endsWith('bye\n'));
    t.equal(await client.stop(), 0);
    t.equal(client.stdout, `${'x'.repeat(200_000)}\nbye\n`);
    t.match(client.stderr, 'disconnected: close code 1000');
  }
  await server.close();
});

t.test('subscribe comes back over TLS', async (t) => {
  const server = await listen((socket) => {
    if (server.paths.length === 0) socket.close(1012, 'retry=0.1-0.1');
    else socket.send('again');
  });
  const client = new ClientProcess('subscribe', `wss://localhost:${server.port}/a`, ...trusting);
  await client.until(({ stdout }) => stdout === 'again\n');
  t.equal(await client.stop(), 0);
  await server.close();
});

t.test('the token is in each handshake, and nowhere else', async (t) => {
  const token = 'aGVhZA.Ym9keQ.c2lnbmF0dXJl';
  const path = join(t.testdir({ token: `${token}\n` }), 'token');
  const secure = await listen((socket) => socket.send('hello'));
  const plain = await TestServer.listen((socket) => socket.send('hello'));
  const clients = [
    load('127.0.0.1', secure.port, 1, ...trusting, '--token-file', path),
    new ClientProcess('subscribe', `wss://localhost:${secure.port}/a`, ...trusting, '--token-file', path),
    new ClientProcess('subscribe', `ws://127.0.0.1:${plain.port}/a`, '--token-file', path),
  ];
  await Promise.all(clients.map((client) => client.until(({ stdout }) => stdout.includes('hello'))));
  for (const client of clients) {
    t.equal(await client.stop(), 0);
    t.notMatch(client.stdout + client.stderr, 'aGVhZA');
  }
  const sent = `Bearer ${token}`;
  t.same([...secure.authorizations, ...plain.authorizations], [sent, sent, sent]);
  await Promise.all([secure.close(), plain.close()]);
});

t.test('a server without TLS is exit 1, and said', async (t) => {
  const server = await TestServer.listen();
  const client = load('127.0.0.1', server.port, 2, ...trusting);
  t.equal(await client.exited, 1);
  t.match(Object.keys(client.summary.failures).join(), /^TLS: /);
  const subscriber = new ClientProcess('subscribe', `wss://127.0.0.1:${server.port}/a`, ...trusting);
  t.equal(await subscriber.exited, 1);
  t.match(subscriber.stderr, /refused: TLS: [^\n]+\n$/);
  await server.close();
});

t.test('connections over TLS are cut: silent ones, and those whose handshake is not answered', async (t) => {
  const server = await listen();
  const idle = load('127.0.0.1', server.port, 2, ...trusting, '--idle-timeout', '0.5');
  t.equal(await idle.exited, 1);
  t.match(idle.summary, { connected: 0, lost: 2, failures: { 'idle timeout': 2 } });
  await server.close();

  const silent = await rawServer(() => {});
  const waiting = load('127.0.0.1', silent.port, 1, ...trusting);
  await once(silent.server, 'connection');
  t.equal(await waiting.stop(), 1);
  t.match(waiting.summary, { connected: 0, failed: 0, lost: 0 });
  await silent.close();
});

t.test('a connection that the server cuts is lost', async (t) => {
  const server = await listen((socket) => socket.terminate());
  const client = load('127.0.0.1', server.port, 2, ...trusting);
  t.equal(await client.exited, 1);
  t.match(client.summary, { connected: 0, lost: 2, closedByCode: { 1006: 2 } });
  await server.close();
});

t.test('certificates without TLS are refused', async (t) => {
  const ofLoad = await parseCommandLine(loadCommand, ['127.0.0.1', '1', ...trusting], {});
  t.match(ofLoad, { exitCode: 2, text: '10m-client: --tls-ca is for TLS; give --tls with it' });
  const ofSubscribe = (...urls: string[]) => parseCommandLine(subscribeCommand, [...urls, ...trusting], {});
  t.match(await ofSubscribe('ws://h/a'), { exitCode: 2, text: '--tls-ca is for TLS' });
  t.match(await ofSubscribe('ws://h/a', 'wss://h/a'), { values: { tlsCa: certificate.pem } });
});

t.test('the name asked for is that of the host, and no address', async (t) => {
  t.equal(hostTls('push.example.com', {}).servername, 'push.example.com');
  t.equal(hostTls('10.0.0.5', {}).servername, '');
  t.equal(hostTls('::1', { ca: certificate.pem }).servername, '');
});
