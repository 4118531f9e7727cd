import t from 'tap';
import {
  formatPortSpan,
  parseCgroupLimit,
  parseCgroups,
  parseMemoryAvailable,
  parseNumbers,
  parseOpenFilesLimit,
  parsePortSpans,
  uncovered,
} from '../../../server/host/proc-text.js';

t.test('limits, memory and vectors', async (t) => {
  const limits =
    'Limit  Soft Limit  Hard Limit  Units\nMax open files            1024                 20000                files\n';
  t.same(parseOpenFilesLimit(limits), { soft: 1024, hard: 20000 });
  t.same(parseOpenFilesLimit('Max open files   unlimited  unlimited  files'), {
    soft: Number.POSITIVE_INFINITY,
    hard: Number.POSITIVE_INFINITY,
  });
  t.equal(parseOpenFilesLimit('Max processes 1 1 processes'), undefined);
  t.equal(parseMemoryAvailable('MemTotal:  16 kB\nMemAvailable:   8 kB\n'), 8192);
  t.equal(parseMemoryAvailable('MemTotal: 16 kB\n'), undefined);
  t.same(parseNumbers('4096\t16384\t4194304\n'), [4096, 16384, 4194304]);
  t.same(parseNumbers('\n'), []);
});

t.test('spans of ports, and what of them another list leaves out', async (t) => {
  t.same(parsePortSpans('6379,10000-11000\n'), [
    { first: 6379, last: 6379 },
    { first: 10000, last: 11000 },
  ]);
  t.same(parsePortSpans('\n'), []);
  const left = (wanted: string, cover: string) =>
    uncovered(parsePortSpans(wanted)[0]!, parsePortSpans(cover)).map(formatPortSpan).join(',');
  t.equal(left('10000-11000', ''), '10000-11000');
  t.equal(left('10000-11000', '9000-12000'), '');
  t.equal(left('10000-11000', '10500'), '10000-10499,10501-11000');
  t.equal(left('10000-11000', '1-10000,10999-65535'), '10001-10998');
  t.equal(left('9110', '9110'), '');
});

t.test('control groups of both versions', async (t) => {
  t.same(parseCgroups('0::/a/b\n'), [{ controllers: [], path: '/a/b' }]);
  t.same(parseCgroups('9:name=systemd:/\n4:memory:/x:y\n3:cpu,cpuacct:/\n\n'), [
    { controllers: ['name=systemd'], path: '/' },
    { controllers: ['memory'], path: '/x:y' },
    { controllers: ['cpu', 'cpuacct'], path: '/' },
  ]);
  t.equal(parseCgroupLimit('max\n'), Number.POSITIVE_INFINITY);
  t.equal(parseCgroupLimit('9223372036854771712\n'), Number.POSITIVE_INFINITY);
  t.equal(parseCgroupLimit('1073741824\n'), 2 ** 30);
  t.equal(parseCgroupLimit('nonsense'), undefined);
});
