import t from 'tap';
import {
  countAllowedCpus,
  formatPortSpan,
  parseCgroupLimit,
  parseCgroups,
  parseCpuQuota,
  parseMemoryAvailable,
  parseNumbers,
  parseOpenFilesLimit,
  parsePortSpans,
  uncovered,
} from '../../../server/host/proc-text.js';

t.test('limits, memory and vectors are parsed', async (t) => {
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

t.test('spans of ports are parsed, and the ports that a list does not cover are found', async (t) => {
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

t.test('control groups of both versions are parsed', async (t) => {
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

t.test('a CPU quota is parsed in cores', async (t) => {
  t.equal(parseCpuQuota('50000 100000'), 0.5);
  t.equal(parseCpuQuota('300000 50000\n'), 6);
  t.equal(parseCpuQuota('max 100000'), Number.POSITIVE_INFINITY);
  t.equal(parseCpuQuota('-1 100000'), Number.POSITIVE_INFINITY);
  for (const text of ['', 'max', '5', '1 0', 'a b', ' 100000']) t.equal(parseCpuQuota(text), undefined, text);
});

t.test('the processors that a process may be scheduled on are counted', async (t) => {
  const count = (allowed: string, online: string) =>
    countAllowedCpus(`Threads:\t1\nCpus_allowed:\tff\nCpus_allowed_list:\t${allowed}\n`, online);
  t.equal(count('0-7', '0-7\n'), 8);
  t.equal(count('1', '0-1\n'), 1);
  t.equal(count('0-1023', '0-1,4\n'), 3, 'processors that do not exist do not count');
  t.equal(countAllowedCpus('Threads: 1\n', '0\n'), undefined);
});
