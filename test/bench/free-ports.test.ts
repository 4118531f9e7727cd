import { once } from 'node:events';
import { createServer } from 'node:net';
import t from 'tap';
import { freePorts } from '../../bench/free-ports.js';

t.test('neighbouring ports that can be listened on', async (t) => {
  const first = await freePorts(3);
  const servers = [0, 1, 2].map((i) => createServer().listen(first + i, '0.0.0.0'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  for (const server of servers) server.close();
  t.ok(first >= 12_000);
});

t.test('below the source ports of the kernel, and among them where there is no room below', async (t) => {
  t.ok((await freePorts(2, 20_000)) + 2 <= 20_000);
  t.ok((await freePorts(2, 1024)) >= 12_000, 'a machine that is set up for load clients');
});

t.test('a range that cannot be', async (t) => {
  await t.rejects(freePorts(30_000), { message: 'no room for 30000 ports between 12000 and 32768' });
});
