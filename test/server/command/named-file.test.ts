import { spawn, spawnSync } from 'node:child_process';
import { ftruncateSync, openSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { readBounded, readNamedFile } from '../../../server/command/named-file.js';

const folder = t.testdir({ file: 'content', empty: '' });
const path = (name: string): string => join(folder, name);

const pipe = (name: string): string => {
  const made = spawnSync('mkfifo', [path(name)]);
  if (made.status !== 0) throw new Error(String(made.stderr));
  return path(name);
};

t.test('a regular file', (t) => {
  t.equal(readBounded(path('file'), false).toString(), 'content');
  t.equal(readBounded(path('empty'), true).toString(), '');
  t.match(readBounded('/proc/self/status', false).toString(), /^Name:/, 'one that does not know its size');
  writeFileSync(path('largest'), Buffer.alloc(4 * 1024 * 1024, 'x'));
  t.equal(readBounded(path('largest'), false).length, 4 * 1024 * 1024);
  t.end();
});

t.test('what is no file, or too large, is told of at once', async (t) => {
  ftruncateSync(openSync(path('huge'), 'w'), 3_000_000_000);
  const server = createServer().listen(path('socket'));
  t.teardown(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const unfit: [path: string, said: RegExp][] = [
    [path('nowhere'), /cannot be read: ENOENT/],
    ['x'.repeat(5000), /cannot be read: ENAMETOOLONG/],
    [folder, /is a folder; give a file of at most 4 MiB/],
    ['/dev/zero', /is a device/],
    ['/dev/null', /is a device/],
    [path('socket'), /is a socket/],
    [path('huge'), /holds 3 GB; give a file of at most 4 MiB/],
    [pipe('refused'), /is a pipe, and this file must be a regular one of at most 4 MiB/],
  ];
  for (const [path, said] of unfit) {
    t.throws(() => readBounded(path, false), { code: 'NAMED_FILE', message: said });
    t.throws(() => readNamedFile('--flag', path, String), {
      message: new RegExp(`^--flag ".*" ${said.source}`),
    });
  }
});

t.test('a pipe is waited for until it is written and closed', (t) => {
  const fifo = pipe('written');
  const writer = spawn('sh', ['-c', `exec >'${fifo}'; printf first; sleep 0.2; printf ' second'`]);
  t.teardown(() => writer.kill());
  t.equal(readBounded(fifo, true).toString(), 'first second');
  t.end();
});

t.test('a pipe without an end is too large', (t) => {
  const fifo = pipe('endless');
  const writer = spawn('sh', ['-c', `exec cat /dev/zero >'${fifo}'`], { stdio: 'ignore' });
  t.teardown(() => writer.kill());
  t.throws(() => readBounded(fifo, true), { message: /holds too much; give a file of at most 4 MiB/ });
  t.end();
});

t.test('nobody waits for a pipe for ever', (t) => {
  const isLate = { message: /is a pipe that was not written and closed within 0.5 s/ };
  t.throws(() => readBounded(pipe('idle'), true, 500), isLate, 'nobody opens it to write');
  const open = pipe('open');
  const writer = spawn('sh', ['-c', `exec sleep 1000 >'${open}'`], { stdio: 'ignore' });
  t.teardown(() => writer.kill());
  t.throws(() => readBounded(open, true, 500), isLate, 'nobody closes it');
  t.end();
});
