import t from 'tap';
import { keyspaceEventsRow } from '../../../server/doctor/keyspace-events.js';

t.test('flags publish events if they have K or E and a class of events', async (t) => {
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
