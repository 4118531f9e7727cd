import t from 'tap';
import { Child, waitUntil } from '../../bench/child-process.js';
import { isRunning } from '../harness/client-process.js';

const never = new AbortController().signal;
const node = (program: string): Child => new Child(process.execPath, ['--eval', program], { PATH: '' });

t.test('one that has ended says how, and what it said', async (t) => {
  const child = node("console.error('no room'); process.exitCode = 3");
  await t.rejects(
    waitUntil('it ends', 60_000, never, () => {
      child.assertRunning();
      return false;
    }),
    { message: `${process.execPath} has ended (exit code 3): no room` },
  );
  await child.stop();
  child.kill();
});

t.test('one that cannot be started', async (t) => {
  const child = new Child('/no/such/program', []);
  await t.rejects(
    waitUntil('it ends', 60_000, never, () => {
      child.assertRunning();
      return false;
    }),
    { message: /^\/no\/such\/program has ended \(.*ENOENT\): it said nothing$/ },
  );
  t.equal(child.pid, 0);
  child.kill();
});

t.test('the end of one is the end of all below it', async (t) => {
  const child = node(
    "const { pid } = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);" +
      "process.on('SIGTERM', () => { console.log('a child ' + pid); process.exitCode = 1; process.exit() });" +
      "setInterval(() => {}, 1000); process.title = 'ready'",
  );
  child.assertRunning();
  const { pid } = child;
  await child.stop();
  t.equal(isRunning(pid), false);
  t.throws(() => child.assertRunning(), { message: /has ended/ });
});

t.test('waiting has an end', async (t) => {
  await t.rejects(
    waitUntil('the moon is full', 0, never, () => false),
    { message: 'the moon is full: not within 0 s' },
  );
  const controller = new AbortController();
  const waiting = waitUntil('the moon is full', 60_000, controller.signal, () => {
    controller.abort();
    return false;
  });
  await t.rejects(waiting, { name: 'AbortError' });
});
