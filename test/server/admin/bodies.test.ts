import { once } from 'node:events';
import { connect } from 'node:net';
import t from 'tap';
import { send } from '../../../server/admin/answer.js';
import { Bodies } from '../../../server/admin/bodies.js';
import { serveHttp } from '../../harness/http.js';
import type { Teardown } from '../../harness/server.js';

/** A server that answers with the size of each body, and the error code of those that it refuses. */
async function serve(t: Teardown, { maxBytes = 1000, maxHeldBytes = 10_000 } = {}) {
  const bodies = new Bodies(maxHeldBytes);
  const results: string[] = [];
  let release: (() => void) | undefined;
  const { server, port, url } = await serveHttp(t, handle);
  server.on('checkContinue', (request, response) => void handle(request, response));
  async function handle(...[request, response]: Parameters<Parameters<typeof serveHttp>[1]>) {
    const isKept = request.url === '/keep';
    const result = await bodies
      .read(request, response, maxBytes, async (body) => {
        if (isKept) await new Promise<void>((resolve) => (release = resolve));
        return String(body.byteLength);
      })
      .catch(({ code }: NodeJS.ErrnoException) => String(code));
    results.push(result);
    send(request, response, { status: 200, body: result, type: 'text/plain' });
  }
  const post = async (size: number, path = '') =>
    (await fetch(url + path, { method: 'POST', body: 'x'.repeat(size) })).text();
  return { port, post, results, release: () => release?.() };
}

/** The answer so far to bytes that are written. */
async function ask(port: number, bytes: string) {
  const socket = connect(port, '127.0.0.1');
  t.teardown(() => socket.destroy());
  socket.write(bytes);
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  return {
    socket,
    until: async (pattern: RegExp) => {
      while (!pattern.test(text)) await once(socket, 'data');
      return text;
    },
  };
}

const head = (headers: string) => `POST / HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\n`;

t.test('a body up to the limit, whole and in chunks', async (t) => {
  const { port, post } = await serve(t);
  for (const size of [0, 1, 1000]) t.equal(await post(size), String(size));
  t.equal(await post(1001), 'BODY_TOO_LARGE');
  const chunked = await ask(port, `${head('Transfer-Encoding: chunked')}3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n`);
  t.match(await chunked.until(/\n5/), /200 OK/);
});

t.test('what is too large is refused before it has come', async (t) => {
  const { port } = await serve(t);
  const announced = await ask(port, head('Content-Length: 1001'));
  await announced.until(/BODY_TOO_LARGE/);
  const chunked = await ask(port, `${head('Transfer-Encoding: chunked')}3e9\r\n${'x'.repeat(1001)}`);
  await chunked.until(/BODY_TOO_LARGE/);
});

t.test('who asks whether to send is told once that is known', async (t) => {
  const { port } = await serve(t);
  const large = await ask(port, head('Content-Length: 1001\r\nExpect: 100-continue'));
  t.notMatch(await large.until(/BODY_TOO_LARGE/), /100 Continue/);
  const small = await ask(port, head('Content-Length: 4\r\nExpect: 100-continue'));
  await small.until(/100 Continue/);
  small.socket.write('body');
  await small.until(/\n4/);
});

t.test('all bodies together have a limit', async (t) => {
  const { post, release } = await serve(t, { maxHeldBytes: 1500 });
  const kept = post(1000, 'keep');
  while ((await post(501)) !== 'TOO_MANY_BODIES');
  t.equal(await post(500), '500', 'there is room for this one');
  release();
  t.equal(await kept, '1000');
  t.equal(await post(1000), '1000', 'what is used is let go, and what was refused too');
});

t.test('a body that is cut off is let go', async (t) => {
  const { port, post, results } = await serve(t, { maxHeldBytes: 1000 });
  const half = await ask(port, `${head('Content-Length: 1000')}${'x'.repeat(999)}`);
  while ((await post(2)) !== 'TOO_MANY_BODIES');
  half.socket.destroy();
  while (!results.includes('ECONNRESET')) await new Promise((resolve) => setImmediate(resolve));
  t.equal(await post(1000), '1000');
});
