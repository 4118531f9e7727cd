// What a publisher or a server writes must not be obeyed by the terminal of the one who looks at it.
import t from 'tap';
import { ClientProcess, TerminalClient } from '../../harness/client-process.js';
import { rawServer, TestServer } from '../../harness/websocket-server.js';

const hostile = '\x1b]0;title\x07\x1b[2J\x9b31m\tone\rtwo\nthree\x7f';

t.test('a terminal is shown the control characters of messages, but for tabs and line feeds', async (t) => {
  const server = await TestServer.listen((socket) => {
    socket.send(hostile);
    socket.send(Buffer.from([0xff, 0x1b, 0x41]));
    socket.send('end');
  });
  const url = `ws://127.0.0.1:${server.port}/a`;
  const client = new TerminalClient(80, ['subscribe', url], '2>/dev/null');
  await client.until(({ stdout }) => stdout.includes('end'));
  await client.stop();
  const shown = '\\x1b]0;title\\x07\\x1b[2J\\x9b31m\tone\\x0dtwo\r\nthree\\x7f\r\n\ufffd\\x1bA\r\nend\r\n';
  t.equal(client.stdout.trimStart(), shown);
  await server.close();
});

t.test('a file or a pipe gets the bytes as they came', async (t) => {
  const server = await TestServer.listen((socket) => socket.send(`${hostile}end`));
  const client = new ClientProcess('subscribe', `ws://127.0.0.1:${server.port}/a`);
  await client.until(({ stdout }) => stdout.endsWith('end\n'));
  t.equal(await client.stop(), 0);
  t.equal(client.stdout, `${hostile}end\n`);
  await server.close();
});

t.test('URLs, close reasons and refusals are each one line without control characters', async (t) => {
  const server = await TestServer.listen((socket) => {
    if (server.paths.length === 0) socket.close(1012, 'bye \x1b[2J\x9b1m\n');
    else socket.close(1008, 'never \x1b[2J\x9b1m\n');
  });
  const client = new ClientProcess('subscribe', `ws://127.0.0.1:${server.port}/\x1b[2J`);
  t.equal(await client.exited, 1);
  t.match(client.stderr, 'close code 1012 "bye \\u001b[2J\\x9b1m\\n"\n');
  t.match(client.stderr, 'refused: never \\x1b[2J\\x9b1m\\x0a\n');
  t.match(client.stderr, `ws://127.0.0.1:${server.port}/\\x1b[2J connected\n`);
  t.notMatch(client.stderr, /[^\P{Cc}\n]/u);
  await server.close();
  const refusing = await rawServer((socket) =>
    socket.once('data', () =>
      socket.end('HTTP/1.1 403 No\x9b1m\r\nContent-Length: 9\r\n\r\nno \x1b[2J\x7f\n'),
    ),
  );
  const refused = new ClientProcess('subscribe', `ws://127.0.0.1:${refusing.port}/a`);
  t.equal(await refused.exited, 1);
  t.match(refused.stderr, 'refused: HTTP 403 no \\x1b[2J\\x7f\n');
  t.notMatch(refused.stderr, /[^\P{Cc}\n]/u);
  await refusing.close();
});
