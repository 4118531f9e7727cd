import t from 'tap';
import { keyspaceEventsRow, mayMatch } from '../../../server/doctor/keyspace-events.js';

t.test('which patterns may match the channels of keyspace events', async (t) => {
  const reaches = (pattern: string) => mayMatch(pattern, '__keyevent@');
  for (const pattern of [
    '*',
    '_*',
    '__key*',
    '__keyevent@0__:set',
    '??keyevent@*',
    '[_a]*',
    '[^a]*',
    '\\_*',
    '[+-z]*',
  ]) {
    t.equal(reaches(pattern), true, pattern);
  }
  for (const pattern of [
    'news*',
    'a',
    '',
    '__keyevent@',
    '__keyspace@*',
    '[a-z]*',
    '[^_]*',
    '\\*',
    '[\\^]*',
    '__K*',
  ]) {
    t.equal(reaches(pattern), false, pattern);
  }
});

t.test('flags publish with K or E, and only with a class of events', async (t) => {
  const status = (flags: string, pattern = '*') => keyspaceEventsRow(flags, pattern, 'redis-cli').status;
  t.equal(status(''), 'ok');
  t.equal(status('A'), 'ok');
  t.equal(status('KE'), 'ok');
  t.equal(status('xE'), 'short');
  t.equal(status('KA'), 'short');
  t.equal(status('KA', '__keyevent@*'), 'ok');
  t.equal(status('EA', '__keyevent@*'), 'short');
  t.equal(status('AKE', 'news*'), 'ok');
});
