import { once } from 'node:events';
import t from 'tap';
import { Subscriber } from '../../../client/subscribe/subscriber.js';
import { freePorts } from '../../harness/ports.js';
import { TestServer } from '../../harness/websocket-server.js';

t.test('messages are the own of the listener, and stay as they were', async (t) => {
  const server = await TestServer.listen((socket) => {
    for (let i = 0; i < 100; i++) socket.send(`message ${i}`);
    socket.send(Buffer.from([1]));
  });
  const subscriber = new Subscriber(`ws://127.0.0.1:${server.port}/a`);
  const texts: Buffer[] = [];
  await new Promise<void>((resolve) => {
    subscriber.on('message', (payload, isBinary) => {
      texts.push(payload);
      if (isBinary) resolve();
    });
  });
  t.same(
    texts.slice(0, 100).map(String),
    Array.from({ length: 100 }, (_, i) => `message ${i}`),
  );
  subscriber.close();
  t.same(await once(subscriber, 'end'), [undefined]);
  await server.close();
});

t.test('failures, and close while waiting', async (t) => {
  const port = await freePorts(1);
  const once1 = new Subscriber(`ws://127.0.0.1:${port}/a`, { reconnects: false });
  const [end] = await once(once1, 'close');
  t.match(end, { code: 1006, error: { code: 'ECONNREFUSED' } });
  const waiting = new Subscriber(`ws://127.0.0.1:${port}/a`, { random: () => 0.999 });
  t.same(await once(waiting, 'retry'), [499.5]);
  waiting.close();
  t.same(await once(waiting, 'end'), [undefined]);
});

t.test('a server that answers no close frame is cut', async (t) => {
  const server = await TestServer.listen();
  const subscriber = new Subscriber(`ws://127.0.0.1:${server.port}/a`);
  await Promise.all([once(subscriber, 'open'), server.connections(1)]);
  for (const socket of server.server.clients) socket.pause();
  subscriber.close();
  t.same(await once(subscriber, 'end'), [undefined]);
  await server.close();
});

t.test('silence is an end', async (t) => {
  const server = await TestServer.listen();
  const subscriber = new Subscriber(`ws://127.0.0.1:${server.port}/a`, {
    idleTimeoutMs: 100,
    reconnects: false,
  });
  const [end] = await once(subscriber, 'close');
  t.match(end, { code: 1006, error: { message: 'idle timeout' } });
  await server.close();
});

t.test('one that is paused is not read, and silence is no end meanwhile', async (t) => {
  const server = await TestServer.listen();
  const subscriber = new Subscriber(`ws://127.0.0.1:${server.port}/a`, { idleTimeoutMs: 1 });
  const texts: string[] = [];
  subscriber.on('message', (payload) => texts.push(payload.toString()));
  subscriber.pause();
  await Promise.all([once(subscriber, 'open'), server.connections(1)]);
  const [socket] = server.server.clients;
  socket!.send('hello');
  const other = new Subscriber(`ws://127.0.0.1:${server.port}/b`);
  await Promise.all([once(other, 'open'), server.connections(2)]);
  for (const each of server.server.clients) each.send('to both');
  await once(other, 'message');
  t.same(texts, [], 'a connection that was made while it was paused is not read either');
  subscriber.resume();
  while (texts.length < 2) await once(subscriber, 'message');
  t.same(texts, ['hello', 'to both']);
  subscriber.pause();
  subscriber.close();
  other.close();
  await Promise.all([once(subscriber, 'end'), once(other, 'end')]);
  await server.close();
});

t.test('close is asked once, and works before the connection stands', async (t) => {
  const server = await TestServer.listen();
  const subscriber = new Subscriber(`ws://127.0.0.1:${server.port}/a`);
  let ends = 0;
  subscriber.on('end', () => ends++);
  subscriber.close();
  subscriber.close();
  await once(subscriber, 'end');
  t.equal(ends, 1);
  t.same(server.paths, []);
  await server.close();
});
