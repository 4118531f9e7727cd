import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync, openSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { isJournal, LineWriter } from '../../../server/command/standard-error.js';
import type { FloodReport } from '../../harness/log-flood.js';
import { found } from '../../harness/programs.js';
import { temporaryFolder } from '../../harness/temporary-folder.js';
import { unreadPipe } from '../../harness/unread-pipe.js';

const main = fileURLToPath(new URL('../../../server/main.js', import.meta.url));
const flood = fileURLToPath(new URL('../../harness/log-flood.js', import.meta.url));

const exited = async (child: ChildProcess): Promise<number | null> => (await once(child, 'close'))[0];

t.test('lines are written as they come, with their priority where the journal reads them', async (t) => {
  const chunks: string[] = [];
  const sink = () =>
    new Writable({
      write(chunk, _encoding, done) {
        chunks.push(String(chunk));
        done();
      },
    });
  new LineWriter(sink(), false).write('plain\n', 6);
  new LineWriter(sink(), true).write('for the journal\n', 4);
  t.same(chunks, ['plain\n', '<4>for the journal\n']);
});

t.test('lines that fail are counted, each of them, and nothing is thrown', async (t) => {
  const writer = new LineWriter(
    new Writable({ write: (_chunk, _encoding, done) => done(new Error('EPIPE')) }),
    false,
  );
  writer.write('the stream fails\n', 6);
  await new Promise(setImmediate);
  t.equal(writer.lost, 1);
  writer.write('the stream has failed\n', 6);
  await new Promise(setImmediate);
  t.equal(writer.lost, 2);
});

t.test('what waits for a reader is bounded', async (t) => {
  const stream = new Writable({ write: () => {} });
  const writer = new LineWriter(stream, false);
  const line = `${'x'.repeat(999)}\n`;
  for (let i = 0; i < 5000; i++) writer.write(line, 6);
  t.ok(stream.writableLength >= 1_048_576 && stream.writableLength < 1_048_576 + 1000);
  t.equal(writer.lost, 5000 - stream.writableLength / 1000);
});

t.test('the end waits for lines that are being written, and not for ever', async (t) => {
  const pending: (() => void)[] = [];
  const stream = new Writable({ write: (_chunk, _encoding, done) => void pending.push(done) });
  const writer = new LineWriter(stream, false);
  await writer.settle(60_000);
  writer.write('slow\n', 6);
  const order: string[] = [];
  const settled = writer.settle(60_000).then(() => order.push('settled'));
  order.push('read');
  const takeAll = setInterval(() => pending.pop()?.(), 1);
  await settled;
  clearInterval(takeAll);
  t.same(order, ['read', 'settled']);
  const unread = new LineWriter(new Writable({ write: () => {} }), false);
  unread.write('never read\n', 6);
  await unread.settle(1);
});

t.test('the journal is told by its device and inode', async (t) => {
  const fd = openSync(main, 'r');
  const { dev, ino } = fstatSync(fd);
  t.equal(isJournal(fd, `${dev}:${ino}`), true);
  t.equal(isJournal(fd, `${dev}:${ino + 1}`), false, 'standard error was led elsewhere since');
  t.equal(isJournal(fd, ''), false);
  t.equal(isJournal(fd, undefined), false);
  closeSync(fd);
});

t.test('a pipe that nobody reads holds up nothing, and costs no memory without end', async (t) => {
  const report = join(temporaryFolder('flood'), 'report');
  const child = spawn('node', [flood, report], { stdio: ['ignore', 'ignore', unreadPipe(t)] });
  t.equal(await exited(child), 0);
  const { lines, lost, waiting }: FloodReport = JSON.parse(readFileSync(report, 'utf8'));
  t.ok(waiting < 1_048_576 + 1000, `${waiting} bytes wait`);
  t.ok(lost > lines / 2 && lost < lines, `${lost} of ${lines} lost`);
});

t.test('a terminal that is paused holds up nothing', found('script'), async (t) => {
  const report = join(temporaryFolder('flood'), 'report');
  const command = `'${process.execPath}' '${flood}' '${report}'`;
  const child = spawn('script', ['-qfec', command, '/dev/null'], {
    stdio: ['ignore', unreadPipe(t), 'ignore'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  while (!statSync(report, { throwIfNoEntry: false })?.size) await new Promise(setImmediate);
  const { lines, lost }: FloodReport = JSON.parse(readFileSync(report, 'utf8'));
  t.ok(lost > lines / 2, `${lost} of ${lines} lost`);
});

t.test(
  'a line about wrong flags has the priority of an error, and its exit code where it is lost',
  async (t) => {
    const folder = temporaryFolder('journal');
    const fd = openSync(join(folder, 'journal'), 'w');
    const { dev, ino } = fstatSync(fd);
    const env = { ...process.env, JOURNAL_STREAM: `${dev}:${ino}` };
    t.equal(await exited(spawn('node', [main, '--nope'], { env, stdio: ['ignore', 'pipe', fd] })), 2);
    closeSync(fd);
    t.match(readFileSync(join(folder, 'journal'), 'utf8'), /^<3>10m-server: .*nope.*\n$/);
    const full = openSync('/dev/full', 'w');
    t.equal(await exited(spawn('node', [main, '--nope'], { stdio: ['ignore', 'pipe', full] })), 2);
    closeSync(full);
  },
);
