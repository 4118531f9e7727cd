// What becomes of `subscribe` when standard output or standard error cannot be written.
import t from 'tap';
import type { WebSocket } from 'ws';
import { ClientProcess } from '../../harness/client-process.js';
import { TestServer } from '../../harness/websocket-server.js';

const urlOf = (server: TestServer): string => `ws://127.0.0.1:${server.port}/a`;

t.test('a full disk is one line and exit 1', async (t) => {
  const server = await TestServer.listen((socket) => socket.send('hello'));
  const client = ClientProcess.redirected('>/dev/full', 'subscribe', urlOf(server));
  t.equal(await client.exited, 1);
  t.match(client.stderr, /^10m-client: cannot write to standard output: ENOSPC/m);
  t.equal(client.stderr.split('ENOSPC').length, 2, 'it is told once');
  await server.close();
});

t.test('a reader that has gone is the end, and exit 0', async (t) => {
  const server = await TestServer.listen((socket) => {
    const sending = setInterval(() => socket.send('hello'), 5);
    socket.once('close', () => clearInterval(sending));
  });
  const client = new ClientProcess('subscribe', urlOf(server));
  await client.until(({ stdout }) => stdout.includes('hello'));
  client.child.stdout!.destroy();
  t.equal(await client.exited, 0);
  t.notMatch(client.stderr, /EPIPE|Error/);
  await server.close();
});

t.test('standard error that cannot be written changes nothing', async (t) => {
  const server = await TestServer.listen((socket) => {
    if (server.paths.length === 0) socket.close(1012, 'retry=0-0');
    else socket.send('hello');
  });
  const client = ClientProcess.redirected('2>/dev/full', 'subscribe', urlOf(server));
  await client.until(({ stdout }) => stdout === 'hello\n');
  client.child.kill('SIGINT');
  t.equal(await client.exited, 0);
  await server.close();
});

const MESSAGES = 20;
/** 20 MB, more than the buffers of the kernel and of a pipe hold. */
const sendMuch = (socket: WebSocket): void => {
  for (let i = 0; i < MESSAGES; i++) socket.send(String(i).padEnd(1_000_000, 'x'));
};

t.test('a reader that waits makes the server wait, and misses nothing', async (t) => {
  const server = await TestServer.listen();
  const client = new ClientProcess('subscribe', urlOf(server));
  client.child.stdout!.pause();
  await server.connections(1);
  const [socket] = server.server.clients;
  sendMuch(socket!);
  // A second subscriber of the same process gets through: then the first has had its time.
  const other = await TestServer.listen((reading) => sendMuch(reading));
  const reader = new ClientProcess('subscribe', urlOf(other));
  await reader.until(({ stdout }) => stdout.split('\n').length > MESSAGES);
  t.ok(socket!.bufferedAmount > 0, 'the server waits');
  client.child.stdout!.resume();
  await client.until(({ stdout }) => stdout.split('\n').length > MESSAGES);
  t.same(
    client.stdout.split('\n').map((line) => Number.parseInt(line, 10)),
    [...Array.from({ length: MESSAGES }, (_, i) => i), Number.NaN],
  );
  t.equal(await client.stop(), 0);
  t.equal(await reader.stop(), 0);
  await server.close();
  await other.close();
});

t.test('Ctrl-C ends one whose reader waits', async (t) => {
  const server = await TestServer.listen(sendMuch);
  const client = new ClientProcess('subscribe', urlOf(server));
  client.child.stdout!.pause();
  await client.until(({ stderr }) => stderr.includes('connected'));
  client.interrupt();
  await new Promise((resolve) => client.child.once('exit', resolve));
  client.child.stdout!.destroy();
  await client.exited;
  t.pass('it has ended');
  await server.close();
});
