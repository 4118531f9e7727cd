import t from 'tap';
import { PingWheel, type WheelItem } from '../../../server/worker/ping-wheel.js';

interface Item extends WheelItem {
  readonly name: number;
  ticks: number[];
}

const item = (name: number): Item => ({ name, place: 0, ticks: [] });

/** Runs a whole turn from tick `first` on; how many items each tick served. */
function turn(wheel: PingWheel<Item>, first: number): number[] {
  return Array.from({ length: wheel.slotCount }, (_, i) => {
    let served = 0;
    wheel.tick(first + i, (each) => {
      served++;
      each.ticks.push(first + i);
    });
    return served;
  });
}

t.test('each item is served once per turn, at the same tick of each', (t) => {
  const wheel = new PingWheel<Item>(7);
  const items = Array.from({ length: 100 }, (_, i) => item(i));
  for (const each of items) wheel.add(each);
  turn(wheel, 3);
  turn(wheel, 10);
  t.ok(items.every(({ ticks }) => ticks.length === 2 && ticks[1]! - ticks[0]! === 7));
  t.end();
});

t.test('however fast items come, no tick serves more than its share and a quarter of it', (t) => {
  const wheel = new PingWheel<Item>(512);
  for (let i = 0; i < 20_000; i++) wheel.add(item(i));
  t.ok(Math.max(...turn(wheel, 1)) <= 1.25 * (20_000 / 512) + 1);
  t.end();
});

t.test('the load stays flat when items come and go at random, and when slots are emptied on purpose', (t) => {
  const wheel = new PingWheel<Item>(100);
  const items: Item[] = [];
  for (let i = 0; i < 50_000; i++) {
    if (items.length > 0 && Math.random() < 0.45) {
      const [gone] = items.splice(Math.floor(Math.random() * items.length), 1);
      wheel.remove(gone!);
    } else {
      const fresh = item(i);
      items.push(fresh);
      wheel.add(fresh);
    }
  }
  t.equal(wheel.size, items.length);
  for (const each of items.filter(({ place }) => place % wheel.slotCount < 50)) wheel.remove(each);
  const before = wheel.size;
  for (let i = 0; i < before; i++) wheel.add(item(i));
  const mean = wheel.size / 100;
  t.ok(Math.max(...turn(wheel, 0)) <= 1.5 * mean, 'the busiest slot has at most 1.5 times the mean');
  t.end();
});

t.test('an item may be removed while it is served, and is not served again', (t) => {
  const wheel = new PingWheel<Item>(3);
  const items = Array.from({ length: 30 }, (_, i) => item(i));
  for (const each of items) wheel.add(each);
  const served: number[] = [];
  for (const tick of [0, 1, 2]) {
    wheel.tick(tick, (each) => {
      served.push(each.name);
      if (each.name % 2 === 0) wheel.remove(each);
    });
  }
  t.same(
    [...served].sort((a, b) => a - b),
    items.map(({ name }) => name),
  );
  t.equal(wheel.size, 15);
  t.equal(
    turn(wheel, 3).reduce((sum, count) => sum + count),
    15,
  );
  t.end();
});

t.test('ticks before the first turn, and any()', (t) => {
  const wheel = new PingWheel<Item>(4);
  t.equal(wheel.any(), undefined);
  const only = item(1);
  wheel.add(only);
  t.equal(wheel.any(), only);
  wheel.tick(only.place - 8, (each) => each.ticks.push(-8));
  t.same(only.ticks, [-8]);
  t.end();
});
