import t from 'tap';
import { LiveLine } from '../../client/live-line.js';

/** A stream that keeps what is written. */
const stream = (isTTY: boolean) => {
  const texts: string[] = [];
  return { isTTY, columns: 10, texts, write: (text: string) => texts.push(text) };
};

t.test('on a terminal each line takes the place of the one before, in one row', async (t) => {
  const terminal = stream(true);
  const line = new LiveLine(terminal, true, 0);
  const asked: number[] = [];
  const show = (text: string) =>
    line.show((columns) => {
      asked.push(columns);
      return text;
    }, 0);
  show('0123456789');
  terminal.columns = 5;
  show('a\x1b[2Jb');
  terminal.columns = 0;
  show('x'.repeat(100));
  line.leave();
  line.clear();
  const written = ['\x1b[J012345678\r', '\x1b[Ja\\x1\r', `\x1b[J${'x'.repeat(79)}\r`, '\n', '\x1b[J'];
  t.same(terminal.texts, written);
  t.same(asked, [9, 4, 79], 'the width is that of the moment, and 80 where it is not known');
});

t.test('elsewhere, or where it is asked for, a line every 5 s', async (t) => {
  for (const [isTTY, updates] of [
    [false, true],
    [true, false],
  ] as const) {
    const file = stream(isTTY);
    const line = new LiveLine(file, updates, 1000);
    for (const atMs of [1000, 5999, 6000, 6001, 11_000]) line.show(() => `at ${atMs}`, atMs);
    line.hurry();
    line.show(() => 'at once', 11_001);
    line.leave();
    line.clear();
    t.same(file.texts, ['at 6000\n', 'at 11000\n', 'at once\n']);
  }
});
