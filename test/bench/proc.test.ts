// What is read from /proc: texts as kernels write them, and this process.
import t from 'tap';
import { bytesPerSocket, parseSlabs } from '../../bench/proc/kernel-memory.js';
import { parseCatches, parsePss, pssBytesOf } from '../../bench/proc/process-memory.js';
import { cpuSecondsOf, parseStat, processTree } from '../../bench/proc/process-tree.js';

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

t.test('memory of a process', async (t) => {
  const text =
    '55d0-7ffe ---p 00000000 00:00 0  [rollup]\nRss:  88064 kB\nPss:    41234 kB\nPss_Anon:  30000 kB\n';
  t.equal(parsePss(text), 41234 * 1024);
  t.equal(parsePss(''), 0);
  t.equal(parseCatches('SigIgn:\t0000000001001000\nSigCgt:\t0000000188004e02\n'), true);
  t.equal(parseCatches('SigCgt:\t0000000188004602\n'), false);
  t.equal(parseCatches(''), false);
});

t.test('slabs, free objects included', async (t) => {
  const text =
    'slabinfo - version: 2.1\n# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>\n' +
    'TCP                  123    195   2368   13    8 : tunables    0    0    0 : slabdata     15     15      0\n' +
    'filp                  10     42    192   21    1 : tunables    0    0    0 : slabdata      2      2      0\n';
  t.strictSame(
    [...parseSlabs(text)],
    [
      ['TCP', 15 * 8 * 4096],
      ['filp', 2 * 4096],
    ],
  );
});

t.test('by socket', async (t) => {
  t.equal(bytesPerSocket({ bytes: 1000, sockets: 10 }, { bytes: 9000, sockets: 12 }), 4000);
  t.equal(bytesPerSocket({ bytes: 1000, sockets: 10 }, { bytes: 9000, sockets: 10 }), undefined);
  t.equal(bytesPerSocket(undefined, { bytes: 9000, sockets: 10 }), undefined);
});

t.test('this process, and one that is gone', async (t) => {
  t.ok(pssBytesOf([process.pid]) > 10e6);
  t.ok(cpuSecondsOf([process.pid]) > 0);
  t.equal(cpuSecondsOf([2 ** 30]), 0);
  t.equal(pssBytesOf([2 ** 30]), 0);
});
