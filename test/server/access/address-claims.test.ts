import t from 'tap';
import { type AddressChanges, AddressClaims } from '../../../server/access/address-claims.js';

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

function claims() {
  const asked: AddressChanges[] = [];
  return { claims: new AddressClaims((changes) => asked.push(changes)), asked };
}

t.test('all that came in a turn of the loop is asked in one question', async (t) => {
  const { claims: address, asked } = claims();
  void address.claim('192.0.2.1');
  void address.claim('192.0.2.2');
  address.release('192.0.2.3');
  t.same(asked, [], 'not before the turn is over');
  await nextTurn();
  t.same(asked, [{ claimed: ['192.0.2.1', '192.0.2.2'], released: ['192.0.2.3'] }]);
  void address.claim('192.0.2.4');
  await nextTurn();
  t.same(asked[1], { claimed: ['192.0.2.4'], released: [] });
  await nextTurn();
  t.equal(asked.length, 2, 'nothing is asked when nobody came');
});

t.test('verdicts are those of the oldest claims, whether they come together or apart', async (t) => {
  const { claims: address } = claims();
  const verdicts = ['a', 'b', 'c'].map((name) => address.claim(name));
  address.decided([true, false]);
  address.decided([true]);
  t.same(await Promise.all(verdicts), [true, false, true]);
});
