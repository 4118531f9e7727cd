import t from 'tap';
import { Tallies } from '../../../server/primary/tallies.js';

const tally = (times: number) => ({
  opened: 10 * times,
  closed: 2 * times,
  messagesReceived: 3 * times,
  messagesDelivered: 4 * times,
  pingsSent: 5 * times,
});

t.test('the last tally of each worker counts, and stays when the worker ends', (t) => {
  const tallies = new Tallies();
  t.same(tallies.total, tally(0));
  tallies.take(1, tally(1));
  tallies.take(2, tally(1));
  tallies.take(1, tally(2));
  t.same(tallies.total, tally(3));
  tallies.retire(1);
  t.same(tallies.total, { ...tally(3), closed: 20 + 2 }, 'the connections of the worker ended with it');
  tallies.retire(1);
  tallies.take(3, tally(1));
  t.same(tallies.total, { ...tally(4), closed: 20 + 2 + 2 });
  t.end();
});
