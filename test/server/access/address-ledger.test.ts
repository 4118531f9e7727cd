import t from 'tap';
import { AddressClaims } from '../../../server/access/address-claims.js';
import { AddressLedger } from '../../../server/access/address-ledger.js';

t.test('an address has its limit over all workers', (t) => {
  const ledger = new AddressLedger(3);
  t.ok(ledger.claim(1, 'a'));
  t.ok(ledger.claim(2, 'a'));
  t.ok(ledger.claim(2, 'a'));
  t.notOk(ledger.claim(1, 'a'));
  t.notOk(ledger.claim(3, 'a'));
  t.ok(ledger.claim(1, 'b'), 'another address has its own');
  ledger.release(2, 'a');
  t.ok(ledger.claim(3, 'a'));
  t.notOk(ledger.claim(3, 'a'));
  t.end();
});

t.test('a worker takes its counts with it, and memory goes with the connections', (t) => {
  const ledger = new AddressLedger(2);
  ledger.claim(1, 'a');
  ledger.claim(1, 'a');
  ledger.claim(2, 'b');
  ledger.forget(1);
  t.equal(ledger.size, 1);
  t.ok(ledger.claim(2, 'a'));
  ledger.release(1, 'a');
  t.notOk(
    ledger.claim(2, 'a') && ledger.claim(2, 'a'),
    'a late word of a worker that is gone changes nothing',
  );
  ledger.release(2, 'a');
  ledger.release(2, 'a');
  ledger.release(2, 'b');
  t.equal(ledger.size, 0);
  t.end();
});

t.test('claims of one turn are asked at once, and decided in their order', async (t) => {
  const asked: unknown[] = [];
  const claims = new AddressClaims((changes) => asked.push(changes));
  const first = claims.claim('a');
  claims.release('b');
  const second = claims.claim('c');
  await new Promise(setImmediate);
  t.same(asked, [{ claimed: ['a', 'c'], released: ['b'] }]);
  claims.decided([true, false]);
  t.same(await Promise.all([first, second]), [true, false]);
  claims.release('a');
  await new Promise(setImmediate);
  t.same(asked[1], { claimed: [], released: ['a'] });
});
