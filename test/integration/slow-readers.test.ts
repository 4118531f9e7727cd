// Clients that do not read what they are sent, and clients that read as fast as their line goes.
import t from 'tap';
import { selfSigned } from '../../bench/certificate.js';
import { makeNamespace, whyNoSlowLinks } from '../harness/namespace.js';
import { freePorts } from '../harness/ports.js';
import { startServer } from '../harness/server.js';
import { drop, open, openMany, openWithoutReading } from '../harness/sockets.js';

/** So much that no backlog of these tests comes near it. */
const PLENTY = String(1024 ** 3);
const MIB = 1024 * 1024;
/** More than the kernel's buffers hold over loopback, so that it waits in the server. */
const FLOOD_BYTES = 16_000_000;

t.test('a client that never reads is closed, while 1,000 others get every message', async (t) => {
  await t.test('by its backpressure', async (t) => {
    const server = await startServer(t, ['--workers', '1', '--max-backpressure', '65536']);
    const members = await openMany(50, () => server.url('news'));
    const others = await openMany(950, () => server.url('others'));
    const deaf = await openWithoutReading(server.port, 'news');
    const body = (i: number) => String(i).padEnd(16_000, '.');
    let [sent, rounds] = [0, 0];
    while ((await server.metric('tenm_connections_closed_total', 'reason="too_slow"')) === 0) {
      for (let i = 0; i < 20; i++) await server.publish('news', body(sent++));
      await server.publish('others', String(rounds++));
    }
    await Promise.all(members.map((member) => member.messages(sent)));
    await Promise.all(others.map((other) => other.messages(rounds)));
    t.ok(members.every(({ texts }) => texts.length === sent && texts.every((text, i) => text === body(i))));
    t.ok(others.every(({ texts }) => texts.length === rounds && texts.every((text, i) => text === `${i}`)));
    t.ok((await server.metric('tenm_messages_dropped_total', 'reason="backpressure"')) >= 1);
    t.equal((await server.stats()).connections, 1000);
    drop([...members, ...others]);
    deaf.destroy();
  });

  await t.test('by the write timeout', async (t) => {
    const args = ['--workers', '1', '--write-timeout', '1', '--max-backpressure', PLENTY];
    const server = await startServer(t, args);
    const others = await openMany(1000, () => server.url('others'));
    const deaf = await openWithoutReading(server.port, 'deaf');
    for (let bytes = 0; bytes < FLOOD_BYTES; bytes += 1e6)
      await server.publish('deaf', Buffer.alloc(1e6, 'x'));
    let sent = 0;
    while ((await server.stats()).connections === 1001) await server.publish('others', String(sent++));
    t.equal(await server.metric('tenm_connections_closed_total', 'reason="too_slow"'), 1);
    await Promise.all(others.map((other) => other.messages(sent)));
    t.ok(others.every(({ texts }) => texts.every((text, i) => text === String(i))));
    drop(others);
    deaf.destroy();
  });
});

for (const pings of [
  ['--ping-interval', '1'],
  ['--ping-interval', '60'],
  ['--ping-interval', '60', '--ping-type', 'frame'],
  ['--ping-interval', '0'],
]) {
  t.test(`the write timeout is kept to within a second: ${pings.join(' ')}`, async (t) => {
    const timeoutMs = 2000;
    const args = [
      '--workers',
      '1',
      '--write-timeout',
      String(timeoutMs / 1000),
      '--max-backpressure',
      PLENTY,
    ];
    const server = await startServer(t, [...args, ...pings]);
    const deaf = await openWithoutReading(server.port, 'deaf');
    const startMs = performance.now();
    for (let bytes = 0; bytes < FLOOD_BYTES; bytes += 1e6)
      await server.publish('deaf', Buffer.alloc(1e6, 'x'));
    const floodedMs = performance.now();
    // How late things are on this machine now: each answer takes the worker a turn of its loop.
    let latenessMs = 0;
    for (let isOpen = true; isOpen; ) {
      const askedMs = performance.now();
      isOpen = (await server.stats()).connections === 1;
      latenessMs = Math.max(latenessMs, performance.now() - askedMs);
    }
    const endMs = performance.now();
    t.ok(endMs - startMs >= timeoutMs, `${Math.round(endMs - startMs)} ms after the first message`);
    t.ok(
      endMs - floodedMs <= timeoutMs + 1000 + 2 * latenessMs,
      `${Math.round(endMs - floodedMs)} ms after the last one, with ${Math.round(latenessMs)} ms of lateness`,
    );
    t.equal(await server.metric('tenm_connections_closed_total', 'reason="too_slow"'), 1);
    deaf.destroy();
  });
}

t.test('a client that reads stays, however slowly, and while more is published than it reads', async (t) => {
  const timeoutMs = 2000;
  const server = await startServer(t, [
    ...['--workers', '1', '--ping-interval', '1'],
    ...['--write-timeout', String(timeoutMs / 1000), '--max-backpressure', PLENTY],
  ]);
  const slow = await openWithoutReading(server.port, 'slow');
  let [received, isClosed] = [0, false];
  slow.on('close', () => {
    isClosed = true;
  });
  slow.on('data', (chunk: Buffer) => {
    received += chunk.byteLength;
    slow.pause();
    setTimeout(() => slow.resume(), 20);
  });
  slow.resume();
  let published = 0;
  const publishUntil = async (endMs: number) => {
    while (!isClosed && performance.now() < endMs) {
      // Progress shows in steps of a 32nd of what waits, so that no more waits than is needed.
      if (published - received > FLOOD_BYTES) await new Promise((resolve) => setTimeout(resolve, 5));
      else published += await publishSome();
    }
  };
  const publishSome = async () => {
    await server.publish('slow', Buffer.alloc(20_000, 'x'));
    return 20_000;
  };
  await publishUntil(performance.now() + 4 * timeoutMs);
  t.ok(published - received > FLOOD_BYTES / 2, `${published} bytes were published, and ${received} read`);
  const overloadedMs = performance.now();
  await server.until(async () => isClosed || performance.now() - overloadedMs > 2 * timeoutMs);
  t.notOk(isClosed);
  t.equal((await server.stats()).connections, 1);
  slow.destroy();
});

/** Messages at once to clients on a line, and the server that they come from. */
interface Burst {
  readonly bitsPerSecond: number;
  readonly sizes: readonly number[];
  readonly args?: readonly string[];
  readonly isTls?: boolean;
}

const bursts: Readonly<Record<string, Burst>> = {
  'three of the largest messages': { bitsPerSecond: 50e6, sizes: [MIB, MIB, MIB] },
  'twenty of 100 KB': { bitsPerSecond: 50e6, sizes: Array<number>(20).fill(100_000) },
  'the same over a line of 5 Mbit/s': { bitsPerSecond: 5e6, sizes: Array<number>(20).fill(100_000) },
  'one of 8 MB, and a few more': {
    bitsPerSecond: 50e6,
    sizes: [8e6, 10, 8e6, 10],
    args: ['--max-message', '8388608'],
  },
  'messages beyond a small limit': {
    bitsPerSecond: 50e6,
    sizes: [MIB, 10, MIB],
    args: ['--max-backpressure', '65536'],
  },
  'over TLS, longer than one may be over the limit without it': {
    bitsPerSecond: 3e6,
    sizes: [MIB, MIB, MIB],
    isTls: true,
  },
};

t.test('a burst reaches clients on a slow line', { skip: whyNoSlowLinks() }, async (t) => {
  const namespace = makeNamespace(t, 2);
  const [admin, line] = [namespace.links[0]!, namespace.links[1]!];
  // As in sysctl/10m-server.conf: the kernel takes little of a burst.
  namespace.set('tcp_wmem', '4096 16384 262144');
  const certificate = selfSigned();
  t.teardown(() => certificate.remove());
  const tlsPort = await freePorts(1);
  const tlsFlags = [
    '--tls-ports',
    `${tlsPort}`,
    '--tls-cert',
    certificate.certFile,
    '--tls-key',
    certificate.keyFile,
  ];

  for (const [name, { bitsPerSecond, sizes, args = [], isTls = false }] of Object.entries(bursts)) {
    await t.test(name, async (t) => {
      namespace.slow(line, bitsPerSecond);
      const server = await startServer(t, ['--workers', '1', ...args, ...(isTls ? tlsFlags : [])], {
        address: admin.address,
        under: namespace.under,
      });
      const client = await open(
        isTls ? `wss://${line.address}:${tlsPort}/news` : `ws://${line.address}:${server.port}/news`,
        { rejectUnauthorized: false },
      );
      for (const size of sizes) t.equal(await server.publish('news', Buffer.alloc(size, 'x')), 202);
      const received = await client.messages(sizes.length);
      t.same(
        received.map(({ data }) => data.byteLength),
        sizes,
      );
      t.equal(await server.metric('tenm_connections_closed_total'), 0);
      t.equal(await server.metric('tenm_messages_dropped_total'), 0);
      drop([client]);
    });
  }
});
