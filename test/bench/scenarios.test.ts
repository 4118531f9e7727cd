// Each scenario at a small size, as a real process: it completes, and its figures are there and sane.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parseHTML } from 'linkedom';
import t from 'tap';
import { processTree, readOfProcess } from '../../bench/proc/process-tree.js';
import type { Result } from '../../bench/result.js';
import { scenarios } from '../../bench/scenarios/index.js';

const program = fileURLToPath(new URL('../../bench/main.js', import.meta.url));
const run = promisify(execFile);

const bench = (...argv: string[]) =>
  run(process.execPath, [program, ...argv], { timeout: 60_000, killSignal: 'SIGKILL' });

const resultIn = (folder: string): Result => {
  const name = readdirSync(folder).find((file) => file.endsWith('.json'))!;
  return JSON.parse(readFileSync(join(folder, name), 'utf8'));
};

const reportIn = (folder: string): string => {
  const name = readdirSync(folder).find((file) => file.endsWith('.html'))!;
  return readFileSync(join(folder, name), 'utf8');
};

/** Options of a small run, and figures that have one right value. */
const small: Record<string, { argv: string[]; exactly: Record<string, number> }> = {
  idle: {
    argv: ['--connections', '200', '--workers', '2', '--duration', '1'],
    exactly: { connected: 200, failed: 0 },
  },
  ping: {
    argv: ['--connections', '200', '--rate', '200', '--duration', '2'],
    exactly: { failed: 0 },
  },
  connect: {
    argv: ['--connections', '200', '--duration', '1'],
    exactly: { failed: 0, stormFailed: 0 },
  },
  fanout: {
    argv: ['--connections', '200', '--duration', '1'],
    exactly: { singleLost: 0, burstLost: 0 },
  },
  targeted: {
    argv: ['--connections', '120', '--rate', '100', '--duration', '2'],
    exactly: { aloneLost: 0, besideLost: 0, broadcastLost: 0, members: 100 },
  },
  churn: {
    argv: ['--connections', '40', '--rate', '100', '--duration', '3', '--workers', '1'],
    exactly: { lost: 0, duplicated: 0, outOfOrder: 0, failed: 0, broken: 0 },
  },
  million: {
    argv: ['--connections', '200', '--duration', '1'],
    exactly: { connected: 200, failed: 0, lost: 0 },
  },
};

t.strictSame(
  Object.keys(small),
  scenarios.map(({ name }) => name),
  'every scenario is run below',
);

for (const { name, figures } of scenarios) {
  t.test(name, { buffered: true }, async (t) => {
    const folder = t.testdir();
    const { argv, exactly } = small[name]!;
    const { stdout, stderr } = await bench(name, ...argv, '--out', folder);
    const result = resultIn(folder);
    t.strictSame(Object.keys(result.figures), Object.keys(figures), 'every figure is in the file');
    t.match(result, { scenario: name, arms: ['10m-server'], machine: { node: process.version } });
    for (const [key, value] of Object.entries(exactly)) {
      t.strictSame(result.figures[key]!.arms['10m-server'], [value], key);
    }
    for (const figure of Object.values(result.figures)) {
      t.ok(stdout.includes(figure.name), `the table has ${figure.name}`);
      t.ok(figure.unit.length > 0, `${figure.name} has a unit`);
    }
    t.match(stderr, /run 1 of 1/, 'it says how far it is');
    const { document } = parseHTML(reportIn(folder));
    t.ok(document.querySelectorAll('figure > svg path').length > 0, 'the report has plots');
  });
}

t.test('another server in turn, a report with plots, and a comparison', { buffered: true }, async (t) => {
  const folder = t.testdir();
  const argv = ['connect', '--connections', '100', '--duration', '0.1', '--out', folder];
  const { stdout } = await bench(...argv, '--against', 'ws');
  const result = resultIn(folder);
  t.strictSame(result.arms, ['10m-server', 'ws']);
  t.strictSame(
    result.runs.map(({ arm }) => arm),
    ['10m-server', 'ws', '10m-server', 'ws'],
    'in turn, each twice',
  );
  for (const arm of result.arms) {
    t.equal(result.figures['cpuMicros']!.arms[arm]!.length, 2, `both values of ${arm} are kept`);
  }
  t.match(stdout, /10m-server \/ ws/);

  const { document } = parseHTML(reportIn(folder));
  t.ok(document.querySelectorAll('figure > svg').length >= 3, 'the plots are SVG');
  t.equal(document.querySelectorAll('script, link, img').length, 0, 'it needs nothing from elsewhere');

  const [old = ''] = readdirSync(folder).filter((file) => file.endsWith('.json'));
  const again = await bench(...argv, '--compare', join(folder, old));
  t.match(again.stdout, /figure +unit +then +now +change/);
  const other = await bench('ping', '--compare', join(folder, old)).catch((error) => error);
  t.equal(other.code, 1);
  t.equal(other.stderr, `10m-bench: --compare "${join(folder, old)}" is a result of connect, not of ping\n`);
});

t.test('Ctrl-C ends it, and nothing of it is left', { buffered: true }, async (t) => {
  const child = spawn(process.execPath, [program, 'idle', '--connections', '50', '--out', t.testdir()]);
  t.teardown(() => child.kill('SIGKILL'));
  const exited = once(child, 'exit');
  let below: number[] = [];
  // The bench's own child, a server: its primary and a worker at least.
  while (below.length < 2 && child.exitCode === null) {
    below = processTree([child.pid!]).filter((pid) => pid !== child.pid);
    await nextTurn();
  }
  child.kill('SIGINT');
  t.strictSame(await exited, [130, null]);
  t.ok(below.length >= 2, 'there was a server');
  // A worker that was just being forked finds its primary gone once it has started.
  while (processTree(below).length > 0) await nextTurn();
  t.pass('it is gone');
});

t.test('Ctrl-C ends it also when what it has started stands still', { buffered: true }, async (t) => {
  const child = spawn(process.execPath, [program, 'connect', '--connections', '50', '--out', t.testdir()]);
  t.teardown(() => child.kill('SIGKILL'));
  const exited = once(child, 'exit');
  const below = () => processTree([child.pid!]).filter((pid) => pid !== child.pid);
  const isLoad = (pid: number) => readOfProcess(`/proc/${pid}/cmdline`)?.includes('driver-process') === true;
  while (!below().some(isLoad) && child.exitCode === null) await nextTurn();
  const stopped = below();
  for (const pid of stopped) process.kill(pid, 'SIGSTOP');
  child.kill('SIGINT');
  t.strictSame(await exited, [130, null]);
  t.ok(stopped.length >= 2);
  while (processTree(stopped).length > 0) await nextTurn();
  t.pass('all of it is gone');
});

t.test('a million that does not fit is refused with the reason', async (t) => {
  const { code, stderr } = await bench('million', '--connections', '100000000', '--out', t.testdir()).catch(
    (error) => error,
  );
  t.equal(code, 1);
  t.match(
    stderr,
    /^10m-bench: 100000000 connections need about [\d.]+ GB and [\d.]+ GB are available; give --connections \d+ or less\n$/,
  );
});
