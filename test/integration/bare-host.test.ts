// A server on hosts that lack what most have: it serves, and says once what is missing.
import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { whyNoMounts, withoutProc } from '../harness/bare-host.js';
import { freePorts } from '../harness/ports.js';
import { TestProcess } from '../harness/processes.js';
import { serverMain, startServer, type Teardown } from '../harness/server.js';
import { drop, openMany } from '../harness/sockets.js';

t.test('without /proc it serves, and one line says so', { skip: whyNoMounts() }, async (t) => {
  const server = await startServer(t, ['--workers', '2'], { under: withoutProc });
  const connections = await openMany(20, () => server.url('news'));
  const metrics = await (await server.fetch('/metrics')).text();
  t.match(metrics, /^tenm_connections 20$/m);
  t.match(metrics, /^tenm_connections_limit [1-9]\d{2,7}$/m, 'the limit of open files is known');
  t.equal(await server.publish('news', 'hello'), 202);
  await Promise.all(connections.map((connection) => connection.messages(1)));
  t.equal(server.process.count(/"level":"error"/), 0);
  t.equal(server.process.count(/"level":"warn"/), 1);
  t.equal(server.process.count(/falls short; .*10m-server doctor.*"checks":"\/proc[",]/), 1);
  t.equal((await server.stats()).workers.length, 2);
  t.equal(await server.metric('tenm_worker_restarts_total'), 0);
  drop(connections);
});

t.test('few open files for many ports: one line that names the ports first', async (t) => {
  const port = await freePorts(1);
  const limited = ['-c', 'ulimit -n 1024; exec "$@"', 'sh', 'node', serverMain];
  const attempt = new TestProcess('sh', [...limited, '--ports', '10000-11000', '--admin-port', `${port}`]);
  t.equal(await attempt.exited, 1);
  t.equal(attempt.lines.length, 1);
  t.match(attempt.lines[0], /^10m-server: the limit of 1,024 open files .*fewer --ports .*ulimit -n/);
});

/** The folder where this machine limits the CPU of groups, in version 1 or 2. */
const CPU_GROUPS = ['/sys/fs/cgroup/cpu', '/sys/fs/cgroup'];

/** A control group that may use half a core; `undefined` where none can be made. */
function halfACore(t: Teardown): string | undefined {
  for (const parent of CPU_GROUPS) {
    const group = join(parent, `10m-test-${process.pid}`);
    try {
      mkdirSync(group);
    } catch {
      continue;
    }
    t.teardown(() => rmdirSync(group));
    for (const [file, text] of [
      ['cpu.cfs_quota_us', '50000'],
      ['cpu.max', '50000 100000'],
    ] as const) {
      try {
        writeFileSync(join(group, file), text, { flag: 'r+' });
        return group;
      } catch {
        // The file of the other version.
      }
    }
  }
  return undefined;
}

t.test('half a core is one worker, and doctor says that it is short', async (t) => {
  const group = halfACore(t);
  if (group === undefined)
    return t.pass('no control group can be made here; the reading is tested with files');
  const under = ['sh', '-c', `echo $$ > ${group}/cgroup.procs && exec "$@"`, 'sh'];
  const server = await startServer(t, [], { under });
  t.equal((await server.stats()).workers.length, 1);
  t.equal(await server.process.stop('SIGTERM'), 0);
  const [command, ...args] = [...under, 'node', serverMain, 'doctor', '--connections', '1000'];
  const doctor = new TestProcess(command!, args);
  t.equal(await doctor.exited, 1);
  t.match(doctor.lines.join('\n'), /✗ short +cores +0\.5 by the CPU quota/);
  t.match(doctor.lines.join('\n'), /✓ ok +workers +1 on 1 core /);
});
