import t from 'tap';
import { allStats, cpuSecondsOf, parseStat, processTree } from '../../../bench/proc/process-tree.js';

const stat = (pid: number, name: string, parent: number, user: number, system: number): string =>
  `${pid} (${name}) S ${parent} 7 7 0 -1 4194304 100 0 0 0 ${user} ${system} 5 5 20 0 11 0 12345 1000 200 184467`;

t.test('a line of /proc/PID/stat, whatever the name of the process', async (t) => {
  t.strictSame(parseStat(stat(42, '10m-server', 7, 150, 50)), {
    pid: 42,
    state: 'S',
    parent: 7,
    cpuSeconds: 2,
  });
  t.strictSame(parseStat(stat(42, 'a) S 1 (b', 7, 1, 2)), {
    pid: 42,
    state: 'S',
    parent: 7,
    cpuSeconds: 0.03,
  });
});

t.test('the tree below some processes', async (t) => {
  const stats = [stat(3, 'c', 2, 0, 0), stat(1, 'a', 0, 0, 0), stat(2, 'b', 1, 0, 0), stat(9, 'x', 8, 0, 0)];
  t.strictSame(processTree([2], stats.map(parseStat)), [2, 3]);
  t.strictSame(processTree([1], stats.map(parseStat)).sort(), [1, 2, 3]);
  t.strictSame(processTree([77], stats.map(parseStat)), []);
});

t.test('this process, and one that is gone', async (t) => {
  t.ok(cpuSecondsOf([process.pid]) > 0);
  t.equal(cpuSecondsOf([2 ** 30]), 0);
  t.match(
    allStats().find(({ pid }) => pid === process.pid),
    { parent: process.ppid, state: /^[RS]$/ },
  );
});
