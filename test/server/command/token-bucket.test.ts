import t from 'tap';
import { TokenBucket } from '../../../server/command/token-bucket.js';

t.test('so many a second, and as many at once', (t) => {
  let nowMs = 1000;
  const bucket = new TokenBucket(10, () => nowMs);
  const takeAll = () => {
    let taken = 0;
    while (bucket.take()) taken++;
    return taken;
  };
  t.equal(takeAll(), 10, 'a full bucket at the start');
  t.equal(takeAll(), 0);
  nowMs += 99;
  t.equal(takeAll(), 0, 'not before a whole one has come');
  nowMs += 1;
  t.equal(takeAll(), 1);
  nowMs += 500;
  t.equal(takeAll(), 5);
  nowMs += 60_000;
  t.equal(takeAll(), 10, 'never more than a second of them');
  t.end();
});
