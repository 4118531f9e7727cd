// A Redis that is not there, or not what --redis says: nothing looks like success, and the reason says what to do.
import { createServer } from 'node:net';
import { createClient } from 'redis';
import t, { type Test } from 'tap';
import { selfSigned } from '../../bench/certificate.js';
import { freePorts } from '../harness/ports.js';
import { startRedis } from '../harness/redis.js';
import { startServer } from '../harness/server.js';

/** What the server says everywhere about this Redis. */
async function says(t: Test, url: string, reason: RegExp): Promise<void> {
  const server = await startServer(t, ['--workers', '2', '--redis', url], { waitReady: false });
  await server.until(async () => reason.test((await server.readyReason()) ?? ''));
  await server.until(async () => reason.test((await server.stats()).broker.reason ?? ''));
  t.equal((await server.stats()).broker.connected, false);
  t.equal(await server.metric('tenm_broker_publisher_connected'), 0);
  t.equal(await server.publish('news', 'x'), 503);
  await server.process.line(/"not ready".*"reason"/);
  const count = (pattern: RegExp) => server.process.count(pattern);
  t.equal(count(/broker (publisher|subscription) (connected|lost)/), 0, 'it never was');
  for (const [side, lines] of [
    ['publisher', 1],
    ['subscription', 2],
  ] as const) {
    const told = () =>
      server.process.lines.filter(
        (line) => line.includes(`broker ${side} cannot connect`) && reason.test(line),
      );
    await server.until(async () => told().length >= lines);
    t.equal(told().length, lines, `each ${side} tells it once`);
  }
  t.equal(count(/hunter2/), 0, 'no secret is shown');
  t.notMatch(await server.readyReason(), /hunter2/);
}

const certificate = selfSigned();
t.teardown(() => certificate.remove());

t.test('no password, a wrong one, one that nobody asked for', async (t) => {
  const guarded = await startRedis(t, { password: 'secret' });
  await Promise.all([
    says(t, guarded.urlAs(''), /NOAUTH Authentication required\. --redis names no password/),
    says(t, guarded.urlAs('', 'hunter2'), /WRONGPASS/),
    says(t, guarded.urlAs('nobody', 'hunter2'), /WRONGPASS/),
    says(t, (await startRedis(t)).urlAs('', 'hunter2'), /ERR AUTH <password> called without any password/),
  ]);
});

t.test('TLS to a plain port, and a plain connection to a TLS port', async (t) => {
  const plain = await startRedis(t);
  const tls = await startRedis(t, { tls: certificate });
  await Promise.all([
    says(
      t,
      plain.url.replace('redis:', 'rediss:'),
      /does Redis speak TLS on this port\? If it does not, use redis:/,
    ),
    says(t, tls.url.replace('rediss:', 'redis:'), /does it speak TLS on this port\? If it does, use rediss:/),
    says(t, tls.url, /the TLS certificate of Redis is not accepted: self-signed certificate/),
  ]);
  const server = await startServer(t, ['--redis', tls.url], {
    environment: { NODE_EXTRA_CA_CERTS: certificate.certFile },
  });
  t.equal(await server.publish('news', 'x'), 202, 'TLS to a TLS port');
});

t.test('nobody there, somebody else there, somebody who says nothing', async (t) => {
  const web = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  }).listen(await freePorts(1), '127.0.0.1');
  const mute = createServer((socket) => socket.on('error', () => {})).listen(await freePorts(1), '127.0.0.1');
  t.teardown(() => web.close());
  t.teardown(() => mute.close());
  const at = (server: typeof web) => `redis://127.0.0.1:${(server.address() as { port: number }).port}`;
  await Promise.all([
    says(t, `redis://127.0.0.1:${await freePorts(1)}`, /ECONNREFUSED/),
    says(t, at(web), /does not speak the protocol of Redis/),
    says(t, at(mute), /no answer within 5 s/),
  ]);
});

t.test('no room for more clients', async (t) => {
  const redis = await startRedis(t, { flags: ['--maxclients', '1'] });
  const onlyOne = createClient({ url: redis.url });
  await onlyOne.connect();
  t.teardown(() => onlyOne.destroy());
  await says(t, redis.url, /ERR max number of clients reached/);
});
