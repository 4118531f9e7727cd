import t from 'tap';
import { type ExpiringItem, ExpirySlots } from '../../../server/worker/expiry-slots.js';

interface Item extends ExpiringItem {
  readonly name: string;
}

/** Removes what is due, as closing a connection does. */
function drain(wheel: ExpirySlots<Item>, nowS: number): string[] {
  const names: string[] = [];
  for (let item = wheel.due(nowS); item !== undefined; item = wheel.due(nowS)) {
    names.push(item.name);
    wheel.remove(item);
  }
  return names.sort();
}

t.test('items are due at their second, and not before', (t) => {
  const wheel = new ExpirySlots<Item>(100);
  wheel.add({ name: 'b' }, 103);
  wheel.add({ name: 'a' }, 101.2);
  wheel.add({ name: 'c' }, 103);
  wheel.add({ name: 'never' }, Number.POSITIVE_INFINITY);
  wheel.add({ name: 'late' }, 50);
  t.same(drain(wheel, 100.9), []);
  t.same(drain(wheel, 101.5), ['late'], 'what had expired before it came');
  t.same(drain(wheel, 102), ['a'], 'a fraction counts as the next second');
  t.same(drain(wheel, 200), ['b', 'c'], 'seconds that were missed');
  t.same(drain(wheel, 1e6), []);
  t.end();
});

t.test('what was removed is not due, and takes nobody with it', (t) => {
  const wheel = new ExpirySlots<Item>(0);
  const items = Array.from({ length: 5 }, (_, i): Item => ({ name: `${i}` }));
  for (const item of items) wheel.add(item, 10);
  const forEver: Item = { name: 'for ever' };
  wheel.add(forEver, Number.POSITIVE_INFINITY);
  wheel.remove(items[0]!);
  wheel.remove(items[4]!);
  wheel.remove(items[2]!);
  wheel.remove(forEver);
  t.same(drain(wheel, 10), ['1', '3']);
  t.end();
});

t.test('nothing is found twice', (t) => {
  const wheel = new ExpirySlots<Item>(100);
  wheel.add({ name: 'a' }, 101);
  t.same(drain(wheel, 101), ['a']);
  wheel.add({ name: 'b' }, 90);
  t.same(drain(wheel, 90), []);
  t.same(drain(wheel, 102), ['b']);
  t.end();
});
