import t from 'tap';
import {
  getsKeyspaceEvents,
  mayMatch,
  publishesKeyspaceEvents,
} from '../../../server/options/redis-pattern.js';

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

t.test('who gets keyspace events', async (t) => {
  t.notOk(publishesKeyspaceEvents('KE'), 'no class of events');
  t.ok(publishesKeyspaceEvents('Kg'));
  t.ok(getsKeyspaceEvents('*', 'Kg'));
  t.ok(getsKeyspaceEvents('__keyspace@*', 'Kg'));
  t.notOk(getsKeyspaceEvents('__keyevent@*', 'Kg'), 'the other kind');
  t.notOk(getsKeyspaceEvents('news*', 'AKE'));
  t.notOk(getsKeyspaceEvents('*', ''));
});
