import t from 'tap';
import { FloodGuard } from '../../../server/worker/flood-guard.js';

const FRAMES = 1000;
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** Whether any of so many frames of one sender was one too many. */
const sends = (guard: FloodGuard<string>, sender: string, frames: number): boolean =>
  Array.from({ length: frames }, () => guard.isFlood(sender)).some(Boolean);

t.test('1,000 frames in a row are no flood, and one more is', (t) => {
  const guard = new FloodGuard<string>();
  t.notOk(sends(guard, 'a', FRAMES));
  t.ok(guard.isFlood('a'));
  t.end();
});

t.test('frames of different senders do not add up', (t) => {
  const guard = new FloodGuard<string>();
  for (let i = 0; i < 10; i++) {
    t.notOk(sends(guard, 'a', FRAMES));
    t.notOk(sends(guard, 'b', FRAMES));
  }
  t.end();
});

t.test('a turn of the loop begins anew', async (t) => {
  const guard = new FloodGuard<string>();
  for (let i = 0; i < 3; i++) {
    t.notOk(sends(guard, 'a', FRAMES));
    await nextTurn();
  }
  t.ok(sends(guard, 'a', FRAMES + 1));
});
