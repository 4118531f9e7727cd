import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import t from 'tap';
import { Pipelines } from '../../../server/admin/pipelines.js';
import { serveHttp } from '../../harness/http.js';
import type { Teardown } from '../../harness/server.js';

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A server that answers one request after the other; those that are held are answered when they are released. */
async function serve(t: Teardown) {
  const handled: string[] = [];
  const holding = { isHolding: false, release: [] as (() => void)[] };
  let parsed = 0;
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    handled.push(request.url!);
    const closed = once(response, 'close');
    let body = '';
    for await (const chunk of request) body += chunk;
    if (holding.isHolding) await new Promise<void>((resolve) => holding.release.push(resolve));
    response.end(`<${request.url}${body}>`);
    await closed;
  };
  const pipelines = new Pipelines(handle);
  const { server, port, url } = await serveHttp(t, (request, response) => {
    parsed++;
    pipelines.take(request, response);
  });
  server.on('connection', pipelines.add);
  const connections = () =>
    new Promise<number>((resolve) => server.getConnections((_error, count) => resolve(count)));
  return { port, url, handled, holding, connections, parsed: () => parsed };
}

function client(t: Teardown, port: number) {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  t.teardown(() => socket.destroy());
  const chunks: string[] = [];
  let count = 0;
  socket.setEncoding('latin1');
  socket.on('data', (chunk: string) => {
    chunks.push(chunk);
    count += chunk.split('>').length - 1;
  });
  return {
    socket,
    /** The answers, as soon as there are so many. */
    async until(wanted: number): Promise<string[]> {
      while (count < wanted) await once(socket, 'data');
      return [...chunks.join('').matchAll(/<(.*?)>/g)].map((match) => match[1]!);
    },
  };
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
const post = (path: string, body: string) =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

t.test('requests of a connection are handled one after the other, those of others beside them', async (t) => {
  const { port, url, handled, holding } = await serve(t);
  holding.isHolding = true;
  const first = client(t, port);
  first.socket.write(get('/1') + get('/2') + get('/3'));
  while (holding.release.length === 0) await turn();
  t.same(handled, ['/1']);
  holding.isHolding = false;
  t.equal(await (await fetch(`${url}other`)).text(), '</other>');
  t.same(handled, ['/1', '/other']);
  holding.release[0]!();
  t.same(await first.until(3), ['/1', '/2', '/3']);
});

t.test('thousands of requests that are not waited for are all answered, in order', async (t) => {
  const { port } = await serve(t);
  const count = 5000;
  const { socket, until } = client(t, port);
  socket.write(Array.from({ length: count }, (_, i) => post(`/${i}`, `:${'x'.repeat(i % 100)}`)).join(''));
  const answers = await until(count);
  t.ok(answers.every((answer, i) => answer === `/${i}:${'x'.repeat(i % 100)}`));
});

t.test('large bodies in a row arrive whole', async (t) => {
  const { port } = await serve(t);
  const { socket, until } = client(t, port);
  const body = 'y'.repeat(300_000);
  for (let i = 0; i < 30; i++) socket.write(post('/', body) + get('/'));
  const answers = await until(60);
  t.ok(answers.every((answer, i) => answer === (i % 2 === 0 ? `/${body}` : '/')));
});

t.test('what is asked for and not answered is little', async (t) => {
  const { port, url, holding, parsed } = await serve(t);
  holding.isHolding = true;
  const crowd = Array.from({ length: 3 }, () => client(t, port));
  const count = 5000;
  for (const { socket } of crowd) socket.write(get('/').repeat(count));
  while (holding.release.length < crowd.length) await turn();
  holding.isHolding = false;
  for (let i = 0; i < 20; i++) await (await fetch(url)).text();
  t.ok(parsed() < 3000 * crowd.length, `${parsed()} of ${crowd.length * count} requests were taken in`);
  for (const release of holding.release) release();
  for (const { until } of crowd)
    t.equal((await until(count)).length, count, 'and are answered when they can be');
});

t.test('beyond all bounds, who does not wait is cut, and who waits is served', async (t) => {
  const { port, url, holding } = await serve(t);
  const patient = client(t, port);
  patient.socket.write(get('/patient'));
  await patient.until(1);
  holding.isHolding = true;
  const crowd = Array.from({ length: 30 }, () => client(t, port));
  const cut = Promise.race(
    crowd.map(({ socket }) => new Promise((resolve) => socket.once('close', resolve))),
  );
  for (const { socket } of crowd) socket.write(get('/').repeat(3000));
  await cut;
  holding.isHolding = false;
  patient.socket.write(get('/again'));
  t.same(await patient.until(2), ['/patient', '/again']);
  t.equal(await (await fetch(`${url}new`)).text(), '</new>');
  for (const { socket } of crowd) socket.destroy();
});

t.test('a client that leaves takes its requests along', async (t) => {
  const { port, handled, holding, connections } = await serve(t);
  holding.isHolding = true;
  const { socket } = client(t, port);
  socket.write(get('/').repeat(10));
  while (holding.release.length === 0) await turn();
  socket.destroy();
  while ((await connections()) > 0) await turn();
  holding.isHolding = false;
  holding.release[0]!();
  const { socket: other, until } = client(t, port);
  other.write(get('/other'));
  await until(1);
  t.same(handled, ['/', '/other']);
});
