import t from 'tap';
import { Replacements } from '../../../server/primary/replacements.js';

t.test('the backoff of a worker that keeps dying early grows up to ten seconds', (t) => {
  const replacements = new Replacements();
  const delays = Array.from({ length: 9 }, () => replacements.delayMs(1, 500));
  t.same(delays, [0, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 10_000]);
  t.end();
});

t.test('a worker that keeps dying does not delay the others', (t) => {
  const replacements = new Replacements();
  for (let i = 0; i < 5; i++) replacements.delayMs(1, 500);
  t.equal(replacements.delayMs(2, 500), 0);
  t.end();
});

t.test('the backoff of a worker that lived for a while is reset', (t) => {
  const replacements = new Replacements();
  for (let i = 0; i < 5; i++) replacements.delayMs(1, 500);
  t.equal(replacements.delayMs(1, 10_000), 0);
  t.equal(replacements.delayMs(1, 500), 0);
  t.equal(replacements.delayMs(1, 500), 400);
  t.end();
});
