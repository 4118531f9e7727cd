// The load client on a terminal: its status line keeps to one row, and nothing that servers write is obeyed.
import t from 'tap';
import { TerminalClient } from '../../harness/client-process.js';
import { TestServer } from '../../harness/websocket-server.js';

/** The lines that were written one over the other. */
const statusLines = (output: string): string[] =>
  output
    .split('\x1b[J')
    .slice(1)
    .map((line) => line.split(/[\r\n]/)[0]!);

t.test('the status line is never wider than the terminal, also when that becomes narrower', async (t) => {
  const server = await TestServer.listen();
  const client = new TerminalClient(80, ['127.0.0.1', '101', '--port', String(server.port)]);
  await client.until(({ stdout }) => stdout.includes('connected 101'));
  const wide = statusLines(client.stdout);
  t.ok(
    wide.every((line) => line.length < 80),
    JSON.stringify(wide),
  );
  client.resize(20);
  await client.until(({ stdout }) => statusLines(stdout).at(-2)!.length < 20);
  const before = statusLines(client.stdout).length;
  client.resize(200);
  await client.until(({ stdout }) => stdout.includes('messages 0 (0/s)'));
  const narrow = statusLines(client.stdout).slice(before, -3);
  t.ok(
    narrow.every((line) => line.length < 20),
    JSON.stringify(narrow),
  );
  t.equal(await client.stop(), 0);
  t.match(client.stdout, /\r\r\ntarget {7}ws:/, 'the summary begins below it');
  await server.close();
});

t.test('printed messages are shown without control characters', async (t) => {
  const server = await TestServer.listen((socket) => socket.send('\x1b[2J end'));
  const client = new TerminalClient(80, ['127.0.0.1', '1', '--port', String(server.port)]);
  const line = `received message ws://127.0.0.1:${server.port}/c0 \\x1b[2J end\r\n`;
  await client.until(({ stdout }) => stdout.includes(line));
  t.equal(await client.stop(), 0);
  await server.close();
});
