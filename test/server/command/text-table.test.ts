import t from 'tap';
import {
  alignColumns,
  alignFigures,
  indented,
  unbroken,
  wrapWords,
} from '../../../server/command/text-table.js';

t.test('columns are as wide as their widest cell', async (t) => {
  t.same(
    alignColumns([
      ['a', 'bb', 'c'],
      ['aaa', 'b', ''],
    ]),
    ['a    bb  c', 'aaa  b'],
  );
  t.same(alignColumns([]), []);
});

t.test('the last column is wrapped into what the others leave', async (t) => {
  const rows = [
    ['name', 'a sentence that is longer than the room beside it'],
    ['a longer name', 'short'],
    ['alone'],
  ];
  t.same(alignColumns(rows, 44), [
    'name           a sentence that is longer',
    '               than the room beside it',
    'a longer name  short',
    'alone',
  ]);
});

t.test('where they leave too little, it goes below', async (t) => {
  const rows = [
    ['a name', '1,234 bytes', 'what it is made of'],
    ['b', '5 bytes'],
  ];
  t.same(alignColumns(rows, 40), ['a name  1,234 bytes  what it is made of', 'b       5 bytes']);
  t.same(alignColumns(rows, 30), ['a name  1,234 bytes', '    what it is made of', 'b       5 bytes']);
  t.same(alignColumns(rows, 16), [
    'a name',
    '    1,234 bytes',
    '    what it is',
    '    made of',
    'b',
    '    5 bytes',
  ]);
});

t.test('lines are broken between words, and nowhere in what is unbroken', async (t) => {
  t.same(wrapWords('one two three', 7), ['one two', 'three']);
  t.same(wrapWords('incomprehensible a', 4), ['incomprehensible', 'a']);
  t.same(wrapWords(`say: ${unbroken('sysctl -w a="1 2"')} now`, 10), ['say:', 'sysctl -w a="1 2"', 'now']);
  t.same(alignColumns([[unbroken('a b'), unbroken('c d')]]), ['a b  c d']);
  t.same(indented('one two', '  ', 5), ['  one', '  two']);
  t.same(indented('', '  ', 5), []);
});

t.test('figures are aligned to the right of what they are of', async (t) => {
  t.same(
    alignFigures([
      ['a', 'bb', ''],
      ['ccc', 'd', '10  11'],
    ]),
    ['a     bb', 'ccc    d   10  11'],
  );
});
