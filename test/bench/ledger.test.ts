import t from 'tap';
import { sumLedger } from '../../bench/ledger.js';

t.test('a ledger', async (t) => {
  const record = (changes: object) => ({
    channel: 0,
    openedAtMs: 1000,
    endedAtMs: 5000,
    first: 2,
    highest: 4,
    received: 3,
    duplicates: 0,
    outOfOrder: 0,
    ...changes,
  });
  // Messages 1 to 5.
  const published = [[500, 1500, 2500, 3500, 4900]];
  const sum = (changes: object) => sumLedger([record(changes)], published, 20, 1000);
  t.strictSame(sum({}), { received: 3, lost: 0, duplicated: 0, outOfOrder: 0 });
  t.equal(
    sum({ highest: 5, received: 4 }).lost,
    0,
    'the last one was too close to the end to be due, and may come',
  );
  t.equal(sum({ received: 2 }).lost, 1, 'one in the middle');
  t.equal(sum({ first: 3, received: 2 }).lost, 1, 'the first that was due');
  t.equal(sum({ highest: 3, received: 2 }).lost, 1, 'the last that was due');
  t.equal(sum({ first: 0, highest: 0, received: 0 }).lost, 3, 'all of them');
  t.equal(sum({ openedAtMs: 1490 }).lost, 0, 'one so close to the beginning may come');
  t.equal(sum({ openedAtMs: 1490, first: 3, received: 2 }).lost, 0, 'or not');
  t.match(sum({ received: 5, duplicates: 1, outOfOrder: 1 }), { lost: 0, duplicated: 1, outOfOrder: 1 });
});
