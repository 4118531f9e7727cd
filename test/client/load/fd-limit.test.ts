import t from 'tap';
import { connectionsPerProcess } from '../../../client/load/fd-limit.js';

t.test('the limit on open files, less what a process needs for itself', async (t) => {
  t.equal(connectionsPerProcess(20_000), 19_800);
  t.equal(connectionsPerProcess(100), 1);
  t.equal(connectionsPerProcess(Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
});

t.test('this process', async (t) => {
  t.ok(connectionsPerProcess() >= 1);
});
