// When `subscribe` comes back, and when it does not.
import t from 'tap';
import { ClientProcess } from '../../harness/client-process.js';
import { rawServer, TestServer } from '../../harness/websocket-server.js';

/** A server that answers its first connection so; later ones wait for ever. Resolves with the time between the two. */
async function betweenAttempts(answer: (nowMs: number) => string) {
  const times: number[] = [];
  let onSecond: () => void;
  const second = new Promise<void>((resolve) => {
    onSecond = resolve;
  });
  const server = await rawServer((socket) =>
    socket.once('data', () => {
      if (times.push(performance.now()) === 2) onSecond();
      else if (times.length === 1) socket.end(answer(Date.now()));
    }),
  );
  const client = new ClientProcess('subscribe', `ws://127.0.0.1:${server.port}/a`);
  await Promise.race([second, client.exited]);
  await client.stop();
  await server.close();
  return { elapsedMs: times[1]! - times[0]!, stderr: client.stderr };
}

t.test('429 and 503 with Retry-After: not before the time is over', async (t) => {
  const answers: [name: string, answer: (nowMs: number) => string][] = [
    ['429, seconds', () => 'HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\n\r\n'],
    ['503, seconds', () => 'HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n\r\n'],
    [
      '503, a date on the clock of the server',
      () =>
        'HTTP/1.1 503 x\r\nDate: Fri, 06 Nov 2020 08:49:36 GMT\r\nRetry-After: Fri, 06 Nov 2020 08:49:37 GMT\r\n\r\n',
    ],
    [
      '429, a date on the clock of this machine',
      (nowMs) => `HTTP/1.1 429 x\r\nRetry-After: ${new Date(nowMs + 2000).toUTCString()}\r\n\r\n`,
    ],
  ];
  const attempts = await Promise.all(answers.map(([, answer]) => betweenAttempts(answer)));
  attempts.forEach(({ elapsedMs, stderr }, i) => {
    t.ok(elapsedMs >= 999, `${answers[i]![0]}: ${elapsedMs} ms`);
    t.match(stderr, /reconnecting in [12]\.\d s/, answers[i]![0]);
  });
});

t.test('a handshake that is cut short, as when a server stops', async (t) => {
  const attempt = await betweenAttempts(() => '');
  t.match(attempt.stderr, 'disconnected: the connection was closed before the handshake was answered\n');
  t.ok(attempt.elapsedMs >= 0);
});

t.test('what is no handshake is the end', async (t) => {
  const server = await rawServer((socket) => socket.once('data', () => socket.end('SSH-2.0-OpenSSH\r\n')));
  const client = new ClientProcess('subscribe', `ws://127.0.0.1:${server.port}/a`);
  t.equal(await client.exited, 1);
  t.match(client.stderr, 'refused: the answer is not HTTP/1.1\n');
  await server.close();
});

t.test('bytes that are not UTF-8 are an error of that server, after which it is asked again', async (t) => {
  const closeCodes: number[] = [];
  const server = await TestServer.listen((socket) => {
    socket.on('close', (code) => closeCodes.push(code));
    if (server.paths.length > 0) return socket.send('fine');
    const { _socket: raw } = socket as unknown as { _socket: NodeJS.WritableStream };
    raw.write(Buffer.from([0x01, 1, 0xff, 0x80, 1, 0x61]));
  });
  const client = new ClientProcess('subscribe', `ws://127.0.0.1:${server.port}/a`);
  await client.until(({ stdout }) => stdout === 'fine\n');
  t.match(client.stderr, 'disconnected: a text message or a close reason is not UTF-8\n');
  t.equal(closeCodes[0], 1007);
  t.equal(await client.stop(), 0);
  await server.close();
});
