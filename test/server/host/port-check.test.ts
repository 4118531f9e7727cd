import { once } from 'node:events';
import { createServer } from 'node:net';
import t from 'tap';
import { noPorts } from '../../../server/command/option.js';
import { checkPorts, explain, PortError } from '../../../server/host/port-check.js';
import { freePorts } from '../../harness/ports.js';

t.test('free ports are released after the check', async (t) => {
  const first = await freePorts(600);
  const range = { first, last: first + 599 };
  await checkPorts('127.0.0.1', range);
  await t.resolves(checkPorts('127.0.0.1', range));
  await t.resolves(checkPorts('127.0.0.1', noPorts));
});

t.test('the error names the port that is taken, wherever it is in the range', async (t) => {
  const first = await freePorts(600);
  const taken = first + 555;
  const holder = createServer().listen(taken, '127.0.0.1');
  t.teardown(() => holder.close());
  await once(holder, 'listening');
  const check = checkPorts('127.0.0.1', { first, last: first + 599 });
  await t.rejects(check, {
    code: 'PORT',
    message: new RegExp(`127.0.0.1 port ${taken}: something else holds it`),
  });
});

t.test('the error for a foreign address says so', async (t) => {
  const first = await freePorts(1);
  const error = await checkPorts('192.0.2.1', { first, last: first }).catch((reason) => reason);
  t.ok(error instanceof PortError);
  t.match(error.message, /192\.0\.2\.1 port \d+: this machine does not have that address/);
});

t.test('the error explains each cause to the operator', async (t) => {
  const words = (code: string) =>
    explain('::', 80, Object.assign(new Error('what the system says'), { code }));
  t.match(words('EADDRINUSE'), "ss -tanp 'sport = :80'");
  t.match(words('EACCES'), /CAP_NET_BIND_SERVICE/);
  t.equal(words('EMFILE'), 'cannot listen on :: port 80: what the system says');
});
