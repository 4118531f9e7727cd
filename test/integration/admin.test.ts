import { connect } from 'node:net';
import { createClient } from 'redis';
import t from 'tap';
import { startRedis } from '../harness/redis.js';
import { startServer } from '../harness/server.js';
import { drop, exchange, open } from '../harness/sockets.js';

const INTERFACE_METRICS = [
  'connections',
  'connections_opened_total',
  'connections_closed_total',
  'connections_rejected_total',
  'connections_limit',
  'channels',
  'messages_received_total',
  'messages_delivered_total',
  'messages_unrouted_total',
  'messages_dropped_total',
  'pings_sent_total',
  'ping_lag_seconds',
  'broker_connected',
  'broker_reconnects_total',
  'delivery_probe_seconds',
  'open_fds',
  'max_fds',
  'worker_restarts_total',
  'workers',
  'workers_missing',
].map((name) => `tenm_${name}`);

t.test('health, readiness, stats and metrics', async (t) => {
  const server = await startServer(t, ['--workers', '2']);
  t.equal((await server.fetch('/healthz')).status, 200);
  t.equal((await server.fetch('/readyz')).status, 200);
  const stats = await server.stats();
  t.match(stats, {
    version: /^\d+\.\d+\.\d+$/,
    uptimeSeconds: Number,
    ready: true,
    connections: 0,
    channels: 0,
    workers: [
      { number: 1, pid: Number, state: 'listening', connections: 0, broker: 'connected' },
      { number: 2, pid: Number, state: 'listening', connections: 0, broker: 'connected' },
    ],
    broker: { kind: 'embedded', connected: true },
  });
  const response = await server.fetch('/metrics');
  t.match(response.headers.get('content-type'), /^text\/plain; version=0\.0\.4/);
  const text = await response.text();
  for (const name of INTERFACE_METRICS) t.match(text, new RegExp(`^# TYPE ${name} `, 'm'), name);
  t.match(text, /^process_cpu_seconds_total \d/m);
  t.match(text, /^process_open_fds \d/m);
  t.equal(await server.metric('tenm_workers'), 2);
  t.ok(
    (await server.metric('tenm_delivery_probe_seconds_count')) >= 2,
    'probes came through in both workers',
  );
});

t.test('publish says what is wrong', async (t) => {
  const server = await startServer(t, ['--workers', '1', '--max-message', '1000']);
  const post = async (path: string, body: string) => {
    const response = await server.fetch(path, { method: 'POST', body });
    return [response.status, (await response.json()) as { error?: string }] as const;
  };
  t.same(await post('/publish/news', 'hello'), [202, { channel: 'news', bytes: 5 }]);
  t.same(await post('/publish/caf%C3%A9%2Fx', ''), [202, { channel: 'café/x', bytes: 0 }]);
  for (const path of ['/publish/%zz', '/publish/%00', '/publish/$x', `/publish/${'x'.repeat(256)}`]) {
    const [status, { error }] = await post(path, 'x');
    t.equal(status, 400, path);
    t.type(error, 'string');
  }
  t.equal((await post('/publish/news', 'x'.repeat(1000)))[0], 202);
  t.equal((await post('/publish/news', 'x'.repeat(1001)))[0], 413);
  for (const body of [
    '',
    '{',
    '[]',
    'null',
    '{"channels":[],"message":"x"}',
    '{"channels":["a"]}',
    '{"channels":[1],"message":"x"}',
    '{"channels":["$a"],"message":"x"}',
    '{"channels":["a"],"message":"\\ud800"}',
  ]) {
    t.equal((await post('/publish', body))[0], 400, body);
  }
  t.equal((await post('/publish', JSON.stringify({ channels: ['a'], message: 'x'.repeat(1001) })))[0], 413);
  const chunked =
    'POST /publish/news HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n'.concat(
      'x'.repeat(2000),
      '\r\n0\r\n\r\n',
    );
  t.match(await exchange(server.adminPort, chunked), /^HTTP\/1\.1 413 /);
});

t.test('a message for many channels', async (t) => {
  const server = await startServer(t, ['--workers', '2']);
  const many = async (channels: readonly string[], message: string) => {
    const body = JSON.stringify({ channels, message });
    const response = await server.fetch('/publish', { method: 'POST', body });
    return { status: response.status, answer: (await response.json()) as Record<string, unknown> };
  };
  const names = (count: number) => Array.from({ length: count }, (_, i) => `c${i}`);
  t.same(await many(['a', 'é/ü'], 'héllo'), { status: 202, answer: { channels: ['a', 'é/ü'], bytes: 6 } });
  const members = await Promise.all(names(10).map((name) => open(server.url(name))));
  // A gigabyte in all, if each channel's were counted.
  const large = 'x'.repeat(1024 * 1024);
  const { status, answer } = await many(names(1000), large);
  t.equal(status, 202);
  t.same(answer, { channels: names(1000), bytes: large.length });
  for (const member of members) t.equal((await member.messages(1))[0]!.data.byteLength, large.length);
  t.match(await many(names(1001), 'x'), {
    status: 400,
    answer: { error: /1001 channels; 1000 are allowed/ },
  });
  const asMany = await many(Array(1_000_000).fill('abc'), 'x');
  t.match(asMany, { status: 400, answer: { error: /1000/ } });
  drop(members);
});

t.test('who publishes on many channels learns on which of them the message is', async (t) => {
  const redis = await startRedis(t);
  const admin = createClient({ url: redis.url, RESP: 2 });
  await admin.connect();
  t.teardown(() => admin.destroy());
  const rights = ['on', '>secret', '~*', '+@all', 'resetchannels', '&$10m/*', '&news*'];
  await admin.sendCommand(['ACL', 'SETUSER', 'push', ...rights]);
  const server = await startServer(t, [
    ...['--workers', '1', '--redis-pattern', 'news*'],
    ...['--redis', `redis://push:secret@127.0.0.1:${redis.port}`],
  ]);
  const publish = async (channels: readonly string[]) => {
    const body = JSON.stringify({ channels, message: 'hello' });
    const response = await server.fetch('/publish', { method: 'POST', body });
    return { status: response.status, answer: await response.json() };
  };
  t.match(await publish(['news/1', 'sport', 'news/2', 'weather']), {
    status: 503,
    answer: {
      error: /^broker unavailable: .*NOPERM.*published on 2 of 4 channels$/,
      published: ['news/1', 'news/2'],
      failed: ['sport', 'weather'],
      bytes: 5,
    },
  });
  t.same(await publish(['news/1']), { status: 202, answer: { channels: ['news/1'], bytes: 5 } });
});

t.test('HTTP as clients and proxies expect it', async (t) => {
  const server = await startServer(t, ['--workers', '1']);
  const raw = (bytes: string | Buffer) => exchange(server.adminPort, bytes);
  const last = 'Host: localhost\r\nConnection: close\r\n';

  for (const path of ['/publish', '/publish/news', '/drain', '/restart']) {
    const response = await server.fetch(path);
    t.same([response.status, response.headers.get('allow')], [405, 'POST'], path);
  }
  for (const path of ['/metrics', '/healthz', '/readyz', '/stats']) {
    const response = await server.fetch(path, { method: 'POST', body: 'x' });
    t.same([response.status, response.headers.get('allow')], [405, 'GET, HEAD'], path);
    const head = await raw(`HEAD ${path} HTTP/1.1\r\n${last}\r\n`);
    t.match(head, /^HTTP\/1\.1 200 .*Content-Length: [1-9].*\r\n\r\n$/s, `HEAD ${path}`);
  }
  t.equal((await server.fetch('/nothing')).status, 404);

  t.match(
    await raw(Buffer.from(`POST /publish/café HTTP/1.1\r\n${last}Content-Length: 0\r\n\r\n`)),
    /^HTTP\/1\.1 400 .*percent-encoded/s,
  );
  t.match(
    await raw(`GET /healthz HTTP/1.1\r\n${last}X: ${'x'.repeat(20_000)}\r\n\r\n`),
    /^HTTP\/1\.1 431 .*too large/s,
  );
  t.match(await raw('hello\r\n\r\n'), /^HTTP\/1\.1 400 .*not an HTTP request/s);

  const announced = `POST /publish/news HTTP/1.1\r\n${last}Content-Length: 10000000\r\n`;
  t.match(await raw(`${announced}\r\n`), /^HTTP\/1\.1 413 /, 'before the body has come');
  t.match(await raw(`${announced}Expect: 100-continue\r\n\r\n`), /^HTTP\/1\.1 413 /, 'instead of 100');
  t.match(
    await raw(`POST /publish/news HTTP/1.1\r\n${last}Content-Length: 2\r\nExpect: 100-continue\r\n\r\nhi`),
    /^HTTP\/1\.1 100 .*HTTP\/1\.1 202 /s,
  );
  t.match(
    await raw(`GET /healthz HTTP/1.1\r\n${last}Expect: more\r\n\r\n`),
    /^HTTP\/1\.1 417 /,
    'no other expectation is known (RFC 9110 section 10.1.1)',
  );

  const news = await open(server.url('news'));
  const chunked = (chunks: string) =>
    `POST /publish/news HTTP/1.1\r\n${last}Transfer-Encoding: chunked\r\n\r\n${chunks}`;
  t.match(await raw(chunked('3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n')), /^HTTP\/1\.1 202 /);
  const form = { method: 'POST', body: 'as curl -d sends it' };
  t.equal(
    (
      await server.fetch('/publish/news', {
        ...form,
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      })
    ).status,
    202,
  );
  t.equal(await server.publish('ne%77s?a=b', 'the query is not looked at'), 202);
  await news.messages(3);
  t.same(news.texts, ['abcde', 'as curl -d sends it', 'the query is not looked at']);
  drop([news]);
});

t.test('what is published in a pipeline arrives in its order', async (t) => {
  const server = await startServer(t, ['--workers', '1']);
  const news = await open(server.url('news'));
  const count = 3000;
  const texts = Array.from({ length: count }, (_, i) => `${i} ${'x'.repeat((i * 37) % 500)}`);
  const requests = texts.map(
    (text, i) =>
      `POST /publish/news HTTP/1.1\r\nHost: x\r\n${i === count - 1 ? 'Connection: close\r\n' : ''}Content-Length: ${text.length}\r\n\r\n${text}`,
  );
  const answers = await exchange(server.adminPort, requests.join(''));
  t.equal(answers.split('HTTP/1.1 202 ').length - 1, count);
  await news.messages(count);
  t.same(news.texts, texts);
  drop([news]);
});

t.test('a client that goes away in the middle of its request harms nobody', async (t) => {
  const server = await startServer(t, ['--workers', '1']);
  for (let i = 0; i < 20; i++) {
    const socket = connect(server.adminPort, '127.0.0.1');
    await new Promise<void>((resolve) =>
      socket.write('POST /publish/news HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf', () =>
        resolve(),
      ),
    );
    socket.destroy();
  }
  t.equal(await server.publish('news', 'hello'), 202);
  t.equal(server.process.count(/"level":"error"/), 0);
});

t.test('a token guards publish and control, and nothing else', async (t) => {
  const server = await startServer(t, ['--workers', '1'], { environment: { TENM_ADMIN_TOKEN: 'secret' } });
  const status = async (path: string, authorization?: string) => {
    const headers = authorization === undefined ? {} : { Authorization: authorization };
    return (await server.fetch(path, { method: 'POST', body: '{}', headers })).status;
  };
  for (const path of ['/publish/news', '/publish', '/drain']) {
    t.equal(await status(path), 401, path);
    t.equal(await status(path, 'Bearer wrong'), 401);
    t.equal(await status(path, 'Basic secret'), 401);
  }
  t.equal(await status('/publish/news', 'Bearer secret'), 202);
  for (const path of ['/metrics', '/healthz', '/readyz', '/stats'])
    t.equal((await server.fetch(path)).status, 200);
  t.notMatch(JSON.stringify(await server.stats()), 'secret');
  t.notMatch(server.process.lines.join('\n'), 'secret');
});

t.test('a web page of another origin can neither publish nor control', async (t) => {
  const server = await startServer(t, ['--workers', '1']);
  const status = async (path: string, origin: string) =>
    (await server.fetch(path, { method: 'POST', body: 'x', headers: { Origin: origin } })).status;
  for (const origin of ['http://evil.example', 'null', `http://127.0.0.1:${server.port}`]) {
    t.equal(await status('/publish/news', origin), 403, origin);
    t.equal(await status('/drain', origin), 403, origin);
  }
  t.equal(
    await status('/publish/news', `http://127.0.0.1:${server.adminPort}`),
    202,
    'the status page itself',
  );
  t.equal((await server.fetch('/healthz')).status, 200);
});

t.test('a page whose own name was made to lead here gets nothing', async (t) => {
  const server = await startServer(t, ['--workers', '1']);
  const ask = async (path: string, host: string, method = 'GET', headers = '') =>
    Number(
      (
        await exchange(
          server.adminPort,
          `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\n${headers}Connection: close\r\nContent-Length: 0\r\n\r\n`,
        )
      ).slice(9, 12),
    );
  const rebound = `rebound.evil.example:${server.adminPort}`;
  t.equal(await ask('/publish/news', rebound, 'POST'), 403);
  t.equal(await ask('/publish/news', rebound, 'POST', `Origin: http://${rebound}\r\n`), 403);
  for (const path of ['/', '/events', '/stats', '/drain']) {
    t.equal(await ask(path, rebound, path === '/drain' ? 'POST' : 'GET'), 403, path);
  }
  for (const path of ['/metrics', '/healthz', '/readyz']) t.equal(await ask(path, rebound), 200, path);
  for (const host of ['localhost', '127.0.0.1:1', '[::1]:9110', 'push']) {
    t.equal(await ask('/publish/news', host, 'POST'), 202, host);
  }
  t.equal(await ask('/stats', 'localhost', 'GET', 'Origin: http://evil.example\r\n'), 403, 'nor may it look');

  const guarded = await startServer(t, ['--workers', '1'], { environment: { TENM_ADMIN_TOKEN: 'secret' } });
  const response = await exchange(
    guarded.adminPort,
    'POST /publish/news HTTP/1.1\r\nHost: push.example.com\r\nAuthorization: Bearer secret\r\nConnection: close\r\nContent-Length: 0\r\n\r\n',
  );
  t.match(response, /^HTTP\/1\.1 202 /, 'with a token any name will do');
});

t.test('the token may come from a file', async (t) => {
  const folder = t.testdir({ token: 'from-a-file\n', empty: '\n', two: 'two words' });
  const server = await startServer(t, ['--workers', '1', '--admin-token-file', `${folder}/token`]);
  const status = async (token: string) =>
    (
      await server.fetch('/publish/news', {
        method: 'POST',
        body: 'x',
        headers: { Authorization: `Bearer ${token}` },
      })
    ).status;
  t.equal(await status('from-a-file'), 202);
  t.equal(await status('from-a-fil'), 401);
  t.equal(await status('from-a-file2'), 401);
  t.notMatch(server.process.lines.join('\n'), 'from-a-file"');
});

t.test('a body that does not come is not waited for', async (t) => {
  const server = await startServer(t, ['--workers', '1']);
  const startedMs = performance.now();
  const answer = await exchange(
    server.adminPort,
    'POST /publish/news HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf',
  );
  t.match(answer, /^HTTP\/1\.1 408 /);
  t.ok(performance.now() - startedMs < 20_000, `${Math.round(performance.now() - startedMs)} ms`);
});

t.test('paths lead to nothing but what is served', async (t) => {
  const server = await startServer(t, ['--workers', '1']);
  const paths = [
    '/../etc/passwd',
    '/..%2f..%2fetc%2fpasswd',
    '/metrics/',
    '/metrics/../stats',
    '//metrics',
    '/%6detrics',
  ];
  for (const path of [
    ...paths,
    '/stats/x',
    '/package.json',
    '/status-page/app.js',
    '*',
    'http://evil.example/stats',
  ]) {
    const answer = await exchange(
      server.adminPort,
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
    );
    t.match(answer, /^HTTP\/1\.1 40[04] /, path);
  }
});
