import t from 'tap';
import { deadlineAfter } from '../../../server/command/deadline.js';

t.test('it rejects when the time is over', async (t) => {
  const startMs = performance.now();
  await t.rejects(deadlineAfter(50).promise, { message: 'no answer within 0.05 s' });
  t.ok(performance.now() - startMs >= 49);
});

t.test('cancelled, it never settles, and holds nothing up', async (t) => {
  const deadline = deadlineAfter(10);
  const late = deadlineAfter(30);
  deadline.cancel();
  await t.rejects(Promise.race([deadline.promise, late.promise]), { message: 'no answer within 0.03 s' });
});

t.test('nobody needs to look at it', async () => {
  deadlineAfter(1);
  await new Promise((resolve) => setTimeout(resolve, 10));
});
