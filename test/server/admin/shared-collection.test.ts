import t from 'tap';
import { SharedCollection } from '../../../server/admin/shared-collection.js';

const turn = () => new Promise((resolve) => setImmediate(resolve));

t.test('who asks while one is made gets the next one, together', async (t) => {
  let begun = 0;
  const ends: (() => void)[] = [];
  const collection = new SharedCollection(async () => {
    const number = ++begun;
    await new Promise<void>((resolve) => ends.push(resolve));
    return number;
  });
  const first = [collection.get(), collection.get()];
  await turn();
  t.equal(begun, 1);
  const second = [collection.get(), collection.get(), collection.get()];
  await turn();
  t.equal(begun, 1, 'one at a time');
  ends[0]!();
  t.same(await Promise.all(first), [1, 1]);
  while (begun < 2) await turn();
  ends[1]!();
  t.same(await Promise.all(second), [2, 2, 2], 'what was collected after they had asked');
  t.equal(begun, 2);
});

t.test('one that fails is told to those that asked, and the next one is made', async (t) => {
  let begun = 0;
  const collection = new SharedCollection(async () => {
    if (++begun === 1) throw new Error('no answer');
    return begun;
  });
  const asked = [collection.get(), collection.get()];
  for (const each of asked) await t.rejects(each, { message: 'no answer' });
  t.equal(await collection.get(), 2);
});

t.test('they are not made one right after the other', async (t) => {
  let begun = 0;
  const collection = new SharedCollection(async () => ++begun);
  const startedMs = performance.now();
  for (let i = 0; i < 5; i++) await collection.get();
  t.equal(begun, 5);
  t.ok(performance.now() - startedMs >= 4 * 49, `${performance.now() - startedMs} ms`);
});
