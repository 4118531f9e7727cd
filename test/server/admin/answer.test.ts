import { once } from 'node:events';
import { connect } from 'node:net';
import t from 'tap';
import { fail, json, send } from '../../../server/admin/answer.js';
import { serveHttp } from '../../harness/http.js';
import { exchange } from '../../harness/sockets.js';

t.test('an answer has its length; to HEAD it has no body', async (t) => {
  const { url, port } = await serveHttp(t, async (request, response) => {
    await once(request.resume(), 'end');
    send(request, response, json(200, { é: 1 }));
  });
  const got = await fetch(url);
  t.same([got.status, got.headers.get('content-length'), await got.text()], [200, '9', '{"é":1}\n']);
  const head = await exchange(port, 'HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  t.match(head, /Content-Length: 9\r\n/);
  t.match(head, /\r\n\r\n$/);
});

t.test('a client that still sends its body gets to read why it is refused', async (t) => {
  const { port } = await serveHttp(t, (request, response) => send(request, response, fail(413, 'too large')));
  const socket = connect(port, '127.0.0.1');
  const errors: Error[] = [];
  socket.on('error', (error) => errors.push(error));
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  const bytes = 20_000_000;
  socket.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${bytes}\r\n\r\n`);
  // Reads nothing before all of it is written, as simple clients do.
  socket.pause();
  await new Promise<void>((resolve) => socket.write(Buffer.alloc(bytes), () => resolve()));
  socket.resume();
  await once(socket, 'close');
  t.same(errors, []);
  t.match(text, /^HTTP\/1\.1 413 /);
  t.match(text, /Connection: close\r\n/);
  t.match(text, /too large/);
});

t.test('a body that does not come is not waited for without end', async (t) => {
  const { port } = await serveHttp(t, (request, response) => send(request, response, fail(401, 'no')));
  const answer = await exchange(port, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n');
  t.match(answer, /^HTTP\/1\.1 401 /);
});
