import t from 'tap';
import { Progress } from '../../bench/progress.js';

/** A stream that keeps what is written. */
const stream = (isTTY: boolean, columns = 0) => {
  const texts: string[] = [];
  return { isTTY, columns, texts, write: (text: string) => texts.push(text) };
};

t.test('on a terminal one line is overwritten, and does not wrap', async (t) => {
  const terminal = stream(true, 30);
  const progress = new Progress(terminal);
  progress.begin('idle');
  progress.say('x'.repeat(100));
  progress.end();
  t.same(terminal.texts, [
    '\x1b[J   0 s  idle: starting\r',
    `\x1b[J   0 s  idle: ${'x'.repeat(15)}\r`,
    '\x1b[J',
  ]);
});

t.test('elsewhere the first of each part is a line', async (t) => {
  const file = stream(false);
  const progress = new Progress(file);
  for (const part of ['run 1', 'run 2']) {
    progress.begin(part);
    progress.say('not so soon');
  }
  progress.end();
  t.same(file.texts, ['   0 s  run 1: starting\n', '   0 s  run 2: starting\n']);
});
