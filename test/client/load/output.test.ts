// What becomes of a run when standard output or standard error cannot be written.
import t from 'tap';
import type { WebSocket } from 'ws';
import { ClientProcess, onServer } from '../../harness/client-process.js';
import { TestServer } from '../../harness/websocket-server.js';

/** Resolves once the other end has read all that was sent. */
async function ponged(socket: WebSocket): Promise<void> {
  socket.ping();
  await new Promise((resolve) => socket.once('pong', resolve));
}

t.test('a full disk is one line and exit 1', async (t) => {
  const server = await TestServer.listen((socket) => socket.send('hello'));
  const flags = ['127.0.0.1', '2', '--port', String(server.port), '--workers', '1'];
  const client = ClientProcess.redirected('>/dev/full', ...flags);
  await server.connections(2);
  await Promise.all([...server.server.clients].map(ponged));
  client.child.kill('SIGINT');
  t.equal(await client.exited, 1);
  t.match(client.stderr, /^cannot write to standard output: ENOSPC/m);
  t.match(
    client.stderr,
    /^10m-client: about 2 messages were not printed: standard output did not take them$/m,
  );
  t.notMatch(client.stderr, /^ +at /m, 'no stack trace');
  await server.close();
});

t.test('standard error that cannot be written changes nothing', async (t) => {
  const server = await TestServer.listen();
  const flags = ['127.0.0.1', '2', '--port', String(server.port), '--workers', '1'];
  const client = ClientProcess.redirected('2>/dev/full', ...flags);
  await server.connections(2);
  await Promise.all([...server.server.clients].map(ponged));
  client.child.kill('SIGINT');
  t.equal(await client.exited, 0);
  t.match(client.stdout, '2 of 2 at the end');
  await server.close();
});

t.test('a reader that has gone is no reason to end', async (t) => {
  const server = await TestServer.listen((socket) => socket.send('hello'));
  const client = onServer(server, 1);
  await client.until(({ stdout }) => stdout.includes('hello'));
  client.child.stdout!.destroy();
  const [socket] = server.server.clients;
  for (const text of ['1', '2']) socket!.send(text);
  await ponged(socket!);
  t.equal(await client.stop(), 0);
  t.notMatch(client.stderr, /EPIPE|Error/);
  await server.close();
});

/** 120 MB, more than what may wait. */
const MESSAGES = 12_000;

t.test('connections do not wait for a reader that does not read; what it misses is counted', async (t) => {
  const server = await TestServer.listen();
  const client = onServer(server, 1);
  client.child.stdout!.pause();
  await server.connections(1);
  const [socket] = server.server.clients;
  for (let i = 0; i < MESSAGES; i++) socket!.send(String(i).padEnd(10_000, 'x'));
  await ponged(socket!);
  client.interrupt();
  await client.until(({ stderr }) => stderr.includes('were not printed'));
  client.child.stdout!.resume();
  t.equal(await client.exited, 0);
  const unprinted = Number(/(\d+) messages were not printed/.exec(client.stderr)![1]);
  const printed = client.stdout.split('received message').length - 1;
  t.ok(unprinted > 0 && printed > 0, `${unprinted} were not printed, ${printed} were`);
  t.ok(unprinted + printed >= MESSAGES, `${unprinted} were not printed, ${printed} were`);
  t.equal(client.summary.messages, MESSAGES);
  await server.close();
});
