import { availableParallelism } from 'node:os';
import t from 'tap';
import { liveHost, usableCores } from '../../../server/host/host.js';
import { fakeHost } from '../../harness/fake-host.js';

t.test('values of the host are read', async (t) => {
  const host = liveHost(fakeHost(), 32);
  t.equal(host.cores, 32);
  t.same(host.sysctl('net.ipv4.tcp_wmem'), { value: '4096 16384 262144' });
  t.same(host.openFiles(), { value: { soft: 11000000, hard: 11000000 } });
  t.same(host.memoryAvailableBytes(), { value: 61_000_000 * 1024 });
});

t.test('a value that is missing or not understood says so', async (t) => {
  const host = liveHost(fakeHost({ 'proc/meminfo': 'nothing\n', 'proc/self/limits': undefined }));
  t.match(host.openFiles(), { unreadable: /^\/proc\/self\/limits: does not exist/, isMissing: true });
  t.match(host.memoryAvailableBytes(), { unreadable: 'not understood: "nothing"', isMissing: false });
  t.match(host.sysctl('net.ipv4'), { unreadable: /EISDIR/ });
});

t.test('the lowest limit of the control groups above counts', async (t) => {
  const limit = (kind: 'memory' | 'pids', changes: Record<string, string | undefined>) => {
    const reading = liveHost(fakeHost(changes)).cgroupLimit(kind);
    return 'value' in reading ? reading.value : reading.unreadable;
  };
  t.equal(limit('pids', {}), 32768);
  t.equal(limit('memory', {}), Number.POSITIVE_INFINITY);
  t.equal(limit('memory', { 'sys/fs/cgroup/system.slice/memory.max': '1000000\n' }), 1_000_000);
  t.equal(limit('pids', { 'sys/fs/cgroup/pids.max': '100\n' }), 100, 'a container sees only the top group');
  const v1 = {
    'proc/self/cgroup': '8:pids:/a/b\n4:memory:/a/b\n0::/\n',
    'sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
    'sys/fs/cgroup/memory/a/memory.limit_in_bytes': '2000000\n',
    'sys/fs/cgroup/pids/a/b/pids.max': '77\n',
  };
  t.equal(limit('memory', v1), 2_000_000);
  t.equal(limit('pids', v1), 77);
  t.match(limit('pids', { 'proc/self/cgroup': undefined }), /does not exist/);
});

t.test(
  'the cores are the allowed and online processors, or the CPU quota rounded up if that is less',
  async (t) => {
    const cores = (changes: Record<string, string | undefined>, processors?: number) =>
      liveHost(fakeHost(changes), processors).cores;
    t.equal(cores({}), 32);
    t.equal(
      cores({ 'proc/self/status': 'Cpus_allowed_list:\t0-3,40-63\n' }),
      4,
      'more processors are allowed than exist',
    );
    t.equal(cores({ 'proc/self/status': undefined }), availableParallelism());
    const v2 = (text: string, group = 'system.slice/10m-server.service') =>
      cores({ [`sys/fs/cgroup/${group}/cpu.max`]: text });
    t.equal(v2('50000 100000\n'), 1);
    t.equal(v2('150000 100000\n'), 2);
    t.equal(v2('100 100000\n'), 1, 'never less than 1');
    t.equal(v2('250000 100000\n', 'system.slice'), 3, 'a group above');
    t.equal(v2('200000 100000\n', '.'), 2, 'a container sees only the top group');
    t.equal(v2('99000000 100000\n'), 32);
    t.equal(v2('nonsense\n'), 32);
    const v1 = (controllers: string, folder: string, quota: string) =>
      cores({
        'proc/self/cgroup': `4:memory:/\n2:${controllers}:/a/b\n0::/\n`,
        [`sys/fs/cgroup/${folder}/cpu.cfs_quota_us`]: `${quota}\n`,
        [`sys/fs/cgroup/${folder}/cpu.cfs_period_us`]: '50000\n',
      });
    t.equal(v1('cpu', 'cpu/a/b', '75000'), 2);
    t.equal(v1('cpu,cpuacct', 'cpu/a', '200000'), 4);
    t.equal(v1('cpu,cpuacct', 'cpu,cpuacct/a', '200000'), 4, 'there is no link of the single name');
    t.equal(v1('cpu', 'cpu/a/b', '-1'), 32);
    t.equal(cores({ 'sys/fs/cgroup/cpu.max': '300000 100000\n' }, 2), 2, 'the lower of the two counts');
    t.ok(usableCores() >= 1 && usableCores() <= availableParallelism() + 1);
  },
);

t.test('isReadable is true for files and folders that exist', async (t) => {
  const host = liveHost(fakeHost());
  t.equal(host.isReadable('proc/self/status'), true);
  t.equal(host.isReadable('proc/self/fd'), true, 'folders too');
  t.equal(host.isReadable('proc/nothing'), false);
});

t.test(
  'values of the machine that runs the tests can be read',
  { skip: process.platform !== 'linux' },
  async (t) => {
    const host = liveHost();
    t.match(host.openFiles(), { value: { hard: Number } });
    t.match(host.memoryAvailableBytes(), { value: Number });
    t.match(host.sysctl('fs.file-max'), { value: /^\d+$/ });
  },
);
