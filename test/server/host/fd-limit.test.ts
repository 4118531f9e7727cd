import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import t from 'tap';
import {
  maxFds,
  noRoomForConnections,
  OWN_FILES,
  openFds,
  roomForConnections,
} from '../../../server/host/fd-limit.js';
import { whyNoMounts, withoutProc } from '../../harness/bare-host.js';

const module = new URL('../../../server/host/fd-limit.js', import.meta.url).href;

t.test('openFds counts the open files', { skip: process.platform !== 'linux' }, async (t) => {
  const before = openFds();
  const opened = Array.from({ length: 5 }, () => openSync('/dev/null', 'r'));
  t.equal(openFds(), before + 5);
  for (const fd of opened) closeSync(fd);
  t.equal(openFds(), before);
});

/** The limit that a process sees when it is started with this limit, under this command. */
function maxFdsOf(limit: number, ...under: string[]): number {
  const script = `const { maxFds } = await import('${module}'); process.stdout.write(String(maxFds()))`;
  const command = [...under, process.execPath, '--input-type=module', '-e', script];
  const { stdout, stderr } = spawnSync('sh', ['-c', `ulimit -n ${limit}; exec "$@"`, 'sh', ...command], {
    encoding: 'utf8',
  });
  return stdout === '' ? Number.NaN : Number(stdout || stderr);
}

t.test('maxFds is the limit of the process', async (t) => {
  t.ok(maxFds() > 20);
  t.equal(maxFdsOf(321), 321);
});

t.test('the limit is known without /proc too', { skip: whyNoMounts() }, async (t) => {
  t.equal(maxFdsOf(321, ...withoutProc), 321);
});

t.test('the error says how many connections fewer ports would allow', async (t) => {
  t.equal(roomForConnections(20_000, 1001), 20_000 - 1001 - OWN_FILES);
  const words = noRoomForConnections(1024, 1001);
  t.match(
    words,
    /limit of 1,024 open files .* besides 1,001 listeners and 128 files of the worker's own; give fewer --ports/,
  );
  t.match(words, /a single port leaves room for 895 .*, or raise the limit to 1,130 or more \(ulimit -n\)$/);
  t.match(noRoomForConnections(100, 2), /; raise the limit to 131 or more/, 'fewer ports would not help');
  t.match(noRoomForConnections(129, 1), /besides its listener and 128 files .*; raise the limit to 130/);
});
