import t from 'tap';
import { messageTimeMs } from '../../../client/load/message-time.js';

const now = 1_700_000_000_000;
const timeOf = (message: string): number | undefined => messageTimeMs(Buffer.from(message), now);

t.test('both forms', async (t) => {
  t.equal(timeOf('t=1700000000000 hello'), now);
  t.equal(timeOf('t=1699999999999.25 '), now - 0.75);
  t.equal(timeOf('t=1700000000000'), now);
  t.equal(timeOf('{"t":1700000000000.5,"x":1}'), now + 0.5);
  t.equal(timeOf('{"x":{"t":1},"t":1700000000000}'), now);
});

t.test('what is no time', async (t) => {
  for (const message of [
    '',
    't',
    't=',
    't=abc ',
    't=1700000000000x',
    'x t=1700000000000 ',
    '{',
    '{"t":',
    '{"t":"1700000000000"}',
    '{"x":1}',
    '{"t":null}',
    't=5 ',
    '{"t":1700000000}',
  ]) {
    t.equal(timeOf(message), undefined, message);
  }
});
