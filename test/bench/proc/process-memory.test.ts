import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t from 'tap';
import { parseCatches, parsePss, pssBytesOf, settledPssBytes } from '../../../bench/proc/process-memory.js';

t.test('memory of a process', async (t) => {
  const text =
    '55d0-7ffe ---p 00000000 00:00 0  [rollup]\nRss:  88064 kB\nPss:    41234 kB\nPss_Anon:  30000 kB\n';
  t.equal(parsePss(text), 41234 * 1024);
  t.equal(parsePss(''), 0);
  t.equal(parseCatches('SigIgn:\t0000000001001000\nSigCgt:\t0000000188004e02\n'), true);
  t.equal(parseCatches('SigCgt:\t0000000188004602\n'), false);
  t.equal(parseCatches(''), false);
});

t.test('this process, and one that is gone', async (t) => {
  t.ok(pssBytesOf([process.pid]) > 10e6);
  t.equal(pssBytesOf([2 ** 30]), 0);
});

t.test('memory that stands still is told', async (t) => {
  const program = "setInterval(() => {}, 1000); console.log('ready')";
  // Without an environment: the test runner would have Node catch the signal.
  const child = spawn('env', ['-i', process.execPath, '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  const { signal } = new AbortController();
  const bytes = await settledPssBytes(() => [child.pid!], true, signal);
  t.ok(bytes > 5e6, 'one that does not catch the signal to collect its garbage is not killed by it');
  t.equal(child.exitCode, null);
});
