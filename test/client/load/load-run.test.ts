import { once } from 'node:events';
import { createServer } from 'node:http';
import t from 'tap';
import { ClientProcess, onPort, onServer } from '../../harness/client-process.js';
import { freePorts } from '../../harness/ports.js';
import { rawServer, TestServer } from '../../harness/websocket-server.js';

t.test('300 connections, each on its channel, until Ctrl-C', async (t) => {
  const server = await TestServer.listen();
  const client = onServer(server, 300, '--workers', '3');
  await server.connections(300);
  t.equal(await client.stop(), 0);
  t.same(new Set(server.paths), new Set(Array.from({ length: 300 }, (_, i) => `/c${i}`)));
  t.match(client.summary, {
    target: `ws://127.0.0.1:${server.port}`,
    connections: 300,
    connected: 300,
    peakConnected: 300,
    failed: 0,
    lost: 0,
    neverPinged: 300,
    pingGapSeconds: null,
    closedByCode: {},
    failures: {},
  });
  t.ok(client.summary.connectSeconds! > 0);
  await server.close();
});

t.test('the next port after so many connections, channels percent-encoded', async (t) => {
  const first = await freePorts(3);
  const paths: string[][] = [];
  const servers = [0, 1, 2].map((i) =>
    createServer((_request, response) => response.end()).listen(first + i, '127.0.0.1'),
  );
  const asked = servers.map(async (server, i) => {
    const ofPort: string[] = [];
    paths[i] = ofPort;
    server.on('upgrade', (request, socket) => {
      ofPort.push(request.url!);
      socket.destroy();
    });
    await once(server, 'upgrade');
  });
  const client = onPort(first, 5, '--connections-per-port', '2', '--channel', 'a b/{n}');
  await Promise.all(asked);
  t.equal(await client.exited, 1, 'none stood');
  t.same(
    paths.map((ofPort) => ofPort.sort()),
    [['/a%20b/0', '/a%20b/1'], ['/a%20b/2', '/a%20b/3'], ['/a%20b/4']],
  );
  t.equal(client.summary.failed, 5);
  for (const server of servers) server.close();
});

t.test('pings of both kinds are counted, ping frames answered, gaps measured', async (t) => {
  let pongs = 0;
  const server = await TestServer.listen((socket) => {
    socket.on('pong', () => pongs++);
    socket.send('');
    socket.ping('x', undefined, () => socket.send(''));
  });
  const client = onServer(server, 20);
  while (pongs < 20 || server.paths.length < 20) {
    await new Promise((resolve) => {
      server.server.once('connection', resolve);
      for (const socket of server.server.clients) socket.once('pong', resolve);
    });
  }
  for (const socket of server.server.clients) socket.close(1000);
  t.equal(await client.exited, 1, 'ends by itself when nothing is left');
  t.match(client.summary, {
    pings: 60,
    neverPinged: 0,
    messages: 0,
    lost: 20,
    connected: 0,
    closedByCode: { 1000: 20 },
  });
  t.ok(client.summary.pingGapSeconds!.max < 30);
  t.notMatch(client.stdout, 'received message');
  await server.close();
});

t.test('messages are printed and timed', async (t) => {
  const server = await TestServer.listen((socket, path) => {
    socket.send(`t=${Date.now() - 50} hello ${path}`);
    socket.send(JSON.stringify({ t: Date.now() - 50 }));
    socket.send('no time');
  });
  const client = onServer(server, 3);
  await client.until(({ stdout }) => stdout.split('received message').length === 10);
  t.equal(await client.stop(), 0);
  for (const n of [0, 1, 2]) {
    const url = `ws://127.0.0.1:${server.port}/c${n}`;
    t.match(client.stdout, new RegExp(`^received message ${url} t=\\d+ hello /c${n}$`, 'm'));
    t.match(client.stdout, `received message ${url} no time\n`);
  }
  const { latencyMs, messages, bytes } = client.summary;
  t.match({ messages, count: latencyMs.count }, { messages: 9, count: 6 });
  t.ok(bytes > 9 * 7);
  t.ok(latencyMs.p50! >= 49 && latencyMs.max! < 30_000, JSON.stringify(latencyMs));
  await server.close();
});

t.test('printing is off over 100 connections, and --print turns it on', async (t) => {
  let pongs = 0;
  const server = await TestServer.listen((socket) => {
    socket.on('pong', () => ++pongs % 101 === 0 && server.server.emit('all'));
    socket.send('hello');
    socket.ping();
  });
  const quiet = onServer(server, 101);
  await once(server.server, 'all');
  t.equal(await quiet.stop(), 0);
  t.equal(quiet.summary.messages, 101);
  t.notMatch(quiet.stdout, 'received');
  const loud = onServer(server, 101, '--print');
  await once(server.server, 'all');
  t.equal(await loud.stop(), 0);
  t.equal(loud.stdout.split('received message').length, 102);
  await server.close();
});

t.test('the summary for a person', async (t) => {
  const server = await TestServer.listen();
  const client = new ClientProcess('localhost', '2', '--port', String(server.port));
  await server.connections(2);
  t.equal(await client.stop(), 0);
  t.match(client.stdout, '2 of 2 at the end, 2 at most, 0 failed, 0 lost, 0 reconnected');
  await server.close();
});

t.test('--rate is kept', async (t) => {
  const server = await TestServer.listen();
  const client = onServer(server, 20, '--rate', '20', '--workers', '2');
  await server.connections(20);
  t.equal(await client.stop(), 0);
  t.ok(client.summary.connectSeconds! >= 0.8, `${client.summary.connectSeconds} s`);
  await server.close();
});

t.test('refused and lost connections are exit 1', async (t) => {
  const nobody = onPort(await freePorts(1), 4);
  t.equal(await nobody.exited, 1);
  t.match(nobody.summary, { failed: 4, connected: 0, lost: 0, failures: { ECONNREFUSED: 4 } });

  const server = await TestServer.listen((socket, path) => {
    if (path === '/c1') socket.terminate();
    else socket.close(1000);
  });
  const client = onServer(server, 3);
  t.equal(await client.exited, 1);
  t.match(client.summary, { connected: 0, lost: 3, closedByCode: { 1000: 2, 1006: 1 } });
  await server.close();

  const forbidding = await rawServer((socket) =>
    socket.once('data', () => socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nno\n')),
  );
  const refused = onPort(forbidding.port, 2);
  t.equal(await refused.exited, 1);
  t.match(refused.summary, { failed: 2, failures: { 'HTTP 403': 2 } });
  await forbidding.close();

  t.equal(await new ClientProcess('no-such-host.invalid', '1').exited, 1);
});

t.test('--duration ends the run', async (t) => {
  const server = await TestServer.listen();
  const client = onServer(server, 2, '--duration', '0.5');
  await client.exited;
  t.ok(client.summary.durationSeconds >= 0.5);
  await server.close();
});

t.test('wrong flags are exit 2 and one line', async (t) => {
  await Promise.all(
    [
      ['127.0.0.1', '1', '--rate', '0'],
      ['subscribe', 'http://127.0.0.1/'],
    ].map(async (argv) => {
      const client = new ClientProcess(...argv);
      t.equal(await client.exited, 2, argv.join(' '));
      t.match(client.stderr, /^10m-client[^\n]+\n$/, argv.join(' '));
      t.equal(client.stdout, '');
    }),
  );
});
