import { createServer, type Server, type Socket } from 'node:net';
import { createClient } from 'redis';
import t from 'tap';
import { checkRedis, outputBufferRow, parsePubsubLimit } from '../../../server/doctor/redis-check.js';
import { startRedis } from '../../harness/redis.js';

/** A stand-in for Redis that answers each command by its name; `undefined` never answers. */
async function standIn(
  answers: Record<string, string | undefined>,
): Promise<{ url: string; server: Server }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.on('data', (data) => {
      for (const [, name] of data.toString().matchAll(/\*\d+\r\n\$\d+\r\n([A-Za-z]+)\r\n/g)) {
        const answer = name!.toUpperCase() in answers ? answers[name!.toUpperCase()] : '+OK\r\n';
        if (answer !== undefined) socket.write(answer);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { url: `redis://user:hunter2@127.0.0.1:${(server.address() as { port: number }).port}`, server };
}

const config = (limit: string) =>
  `%1\r\n$26\r\nclient-output-buffer-limit\r\n$${limit.length}\r\n${limit}\r\n`;

const DEFAULT_LIMIT = 'normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60';

t.test('the limit of the pubsub class is parsed and judged', async (t) => {
  t.same(parsePubsubLimit(DEFAULT_LIMIT), { hardBytes: 33554432, softBytes: 8388608, softSeconds: 60 });
  t.equal(parsePubsubLimit('normal 0 0 0'), undefined);
  const status = (hardBytes: number, softBytes: number, softSeconds: number) =>
    outputBufferRow({ hardBytes, softBytes, softSeconds }, 'redis://h').status;
  t.equal(status(33554432, 8388608, 60), 'short');
  t.equal(status(134217728, 67108864, 60), 'ok');
  t.equal(status(134217728, 67108864, 10), 'short');
  t.equal(status(0, 0, 0), 'ok', '0 means no limit');
});

t.test('the default buffer of Redis falls short', async (t) => {
  const { url } = await standIn({
    PING: '+PONG\r\n',
    CONFIG: config(DEFAULT_LIMIT),
    HELLO: '%1\r\n+proto\r\n:3\r\n',
  });
  const rows = await checkRedis(url, '*');
  t.match(rows, [
    { check: 'Redis', status: 'ok' },
    {
      status: 'short',
      fix: /redis-cli.-u.redis:\/\/\*\*\*@127\.0\.0\.1:\d+.CONFIG.SET.client-output-buffer-limit."pubsub.134217728.67108864.60"/,
    },
    { check: 'Redis keyspace events', status: 'unread', found: 'this Redis has no such setting' },
  ]);
  t.notMatch(JSON.stringify(rows), /hunter2/);
});

t.test('a Redis that forbids CONFIG gives unread rows', async (t) => {
  const { url } = await standIn({
    PING: '+PONG\r\n',
    CONFIG: '-NOPERM this user has no permissions\r\n',
    HELLO: '%1\r\n+proto\r\n:3\r\n',
  });
  const forbidden = { status: 'unread', found: /NOPERM/ };
  t.match(await checkRedis(url, '*'), [{ status: 'ok' }, forbidden, forbidden]);
});

t.test('a Redis that does not answer, or is not there, falls short', async (t) => {
  const { url, server } = await standIn({
    HELLO: undefined,
    PING: undefined,
    AUTH: undefined,
    CLIENT: undefined,
  });
  t.match(await checkRedis(url, '*', 200), [
    { check: 'Redis', status: 'short', found: /no answer within 0.2 s/ },
  ]);
  const { port } = server.address() as { port: number };
  const closed = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => closed.once('listening', resolve));
  const free = (closed.address() as { port: number }).port;
  await new Promise((resolve) => closed.close(resolve));
  t.not(free, port);
  t.match(await checkRedis(`redis://127.0.0.1:${free}`, '*'), [
    { status: 'short', found: /ECONNREFUSED/, fix: /PING/ },
  ]);
});

t.test('keyspace events of a real Redis fall short only if the pattern matches them', async (t) => {
  const { url } = await startRedis(t);
  const events = async (pattern: string) => (await checkRedis(url, pattern)).at(-1);
  const client = await createClient({ url }).connect();
  t.teardown(() => client.destroy());
  t.match(await events('*'), { check: 'Redis keyspace events', status: 'ok', found: 'off' });
  await client.configSet('notify-keyspace-events', 'KEA');
  t.match(await events('*'), {
    status: 'short',
    found: 'on (AKE)',
    fix: /narrower --redis-pattern; .* redis-cli.-u.redis:\/\/127\.0\.0\.1:\d+.CONFIG.SET.notify-keyspace-events.""/,
  });
  t.match(await events('app:*'), { status: 'ok', found: 'on (AKE)' });
});

t.test('a URL that cannot be used gives a row, and its password is not shown', async (t) => {
  const shown = 'an answer from redis://***@127.0.0.1:1';
  for (const password of ['pa@ss', 'pa%zzss', 'pa/ss']) {
    const rows = await checkRedis(`redis://:${password}@127.0.0.1:1`, '*', 200);
    t.notMatch(JSON.stringify(rows), password);
    t.match(rows, [{ status: 'short', needed: shown }], password);
  }
});
