import t from 'tap';
import { ClientProcess } from '../../harness/client-process.js';
import { rawServer, TestServer } from '../../harness/websocket-server.js';

t.test('prints messages, one a line, nothing for pings', async (t) => {
  const server = await TestServer.listen((socket) => {
    socket.send('hello');
    socket.send('');
    socket.ping();
    socket.send(Buffer.from([0xff, 0x00, 0x41]));
    socket.send('x'.repeat(200_000));
    socket.send('bye');
  });
  const client = new ClientProcess('subscribe', `ws://127.0.0.1:${server.port}/a%20b`);
  await client.until(({ stdout }) => stdout.endsWith('bye\n'));
  t.equal(await client.stop(), 0);
  t.equal(client.stdout, `hello\n\ufffd\0A\n${'x'.repeat(200_000)}\nbye\n`);
  t.match(client.stderr, /connected\n/);
  t.same(server.paths, ['/a%20b']);
  await server.close();
});

t.test('several URLs stand before their messages', async (t) => {
  const server = await TestServer.listen((socket, path) => socket.send(`hello ${path}`));
  const urls = ['a', 'b'].map((channel) => `ws://127.0.0.1:${server.port}/${channel}`);
  const client = new ClientProcess('subscribe', ...urls);
  await client.until(({ stdout }) => stdout.split('\n').length === 3);
  t.equal(await client.stop(), 0);
  t.same(client.stdout.trimEnd().split('\n').sort(), [`${urls[0]} hello /a`, `${urls[1]} hello /b`]);
  await server.close();
});

t.test('a token in a URL is not shown', async (t) => {
  const server = await TestServer.listen((socket) => socket.send('hello'));
  const urls = ['a', 'b'].map((channel) => `ws://127.0.0.1:${server.port}/${channel}?token=hunter2`);
  const client = new ClientProcess('subscribe', ...urls);
  await client.until(({ stdout }) => stdout.split('\n').length === 3);
  t.equal(await client.stop(), 0);
  t.notMatch(client.stdout + client.stderr, /hunter2/);
  t.match(client.stdout, /\/a\?token=\*\*\* hello\n/);
  await server.close();
});

t.test('comes back after an end, by the hint', async (t) => {
  const server = await TestServer.listen((socket) => {
    if (server.paths.length === 0) socket.close(1012, 'retry=0.1-0.1');
    else socket.send('again');
  });
  const client = new ClientProcess('subscribe', `ws://localhost:${server.port}/a`);
  await client.until(({ stdout }) => stdout === 'again\n');
  t.equal(await client.stop(), 0);
  t.match(client.stderr, /disconnected: close code 1012 "retry=0.1-0.1"/);
  t.match(client.stderr, /reconnecting in 0.1 s/);
  await server.close();
});

t.test('a refusal is one line and exit 1', async (t) => {
  const server = await rawServer((socket) =>
    socket.once('data', () =>
      socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 17\r\n\r\nchannel is empty\n'),
    ),
  );
  const client = new ClientProcess('subscribe', `ws://127.0.0.1:${server.port}/`);
  t.equal(await client.exited, 1);
  t.match(client.stderr, /refused: HTTP 400 channel is empty\n/);
  await server.close();
  const policy = await TestServer.listen((socket) => socket.close(1008, 'token expired'));
  const refused = new ClientProcess('subscribe', `ws://127.0.0.1:${policy.port}/a`);
  t.equal(await refused.exited, 1);
  t.match(refused.stderr, /refused: token expired\n/);
  await policy.close();
});
