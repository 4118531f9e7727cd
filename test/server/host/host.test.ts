import t from 'tap';
import { liveHost } from '../../../server/host/host.js';
import { fakeHost } from '../../harness/fake-host.js';

t.test('what is there is read', async (t) => {
  const host = liveHost(fakeHost(), 32);
  t.equal(host.cores, 32);
  t.same(host.sysctl('net.ipv4.tcp_wmem'), { value: '4096 16384 262144' });
  t.same(host.openFiles(), { value: { soft: 11000000, hard: 11000000 } });
  t.same(host.memoryAvailableBytes(), { value: 61_000_000 * 1024 });
});

t.test('what is not there, or not understood, says so', async (t) => {
  const host = liveHost(fakeHost({ 'proc/meminfo': 'nothing\n', 'proc/self/limits': undefined }));
  t.match(host.openFiles(), { unreadable: /^\/proc\/self\/limits: does not exist/, isMissing: true });
  t.match(host.memoryAvailableBytes(), { unreadable: 'not understood: "nothing"', isMissing: false });
  t.match(host.sysctl('net.ipv4'), { unreadable: /EISDIR/ });
});

t.test('the least limit of the control groups above counts', async (t) => {
  const limit = (kind: 'memory' | 'pids', changes: Record<string, string | undefined>) => {
    const reading = liveHost(fakeHost(changes)).cgroupLimit(kind);
    return 'value' in reading ? reading.value : reading.unreadable;
  };
  t.equal(limit('pids', {}), 32768);
  t.equal(limit('memory', {}), Number.POSITIVE_INFINITY);
  t.equal(limit('memory', { 'sys/fs/cgroup/system.slice/memory.max': '1000000\n' }), 1_000_000);
  t.equal(limit('pids', { 'sys/fs/cgroup/pids.max': '100\n' }), 100, 'a container sees the top only');
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

t.test('the machine that this runs on can be read', { skip: process.platform !== 'linux' }, async (t) => {
  const host = liveHost();
  t.match(host.openFiles(), { value: { hard: Number } });
  t.match(host.memoryAvailableBytes(), { value: Number });
  t.match(host.sysctl('fs.file-max'), { value: /^\d+$/ });
});
