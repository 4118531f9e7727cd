import t from 'tap';
import { noPorts } from '../../../server/command/option.js';
import { type CheckedOptions, checkHost, connectionsByFiles } from '../../../server/doctor/host-checks.js';
import type { Row } from '../../../server/doctor/setting-check.js';
import { liveHost } from '../../../server/host/host.js';
import { fakeHost } from '../../harness/fake-host.js';

const options: CheckedOptions = {
  ports: { first: 10000, last: 11000 },
  tlsPorts: noPorts,
  workers: 32,
  maxConnections: undefined,
  adminPort: 9110,
  redis: 'redis://127.0.0.1:6379',
  pingInterval: 300,
};

/** The rows, with plain spaces instead of non-breaking ones. */
const rowsOf = (
  changes: Record<string, string | undefined>,
  more: Partial<CheckedOptions> = {},
  cores = 32,
): Row[] =>
  checkHost(liveHost(fakeHost(changes), cores), { ...options, ...more }, 1_000_000).map(
    (row) => JSON.parse(JSON.stringify(row).replaceAll('\u00a0', ' ')) as Row,
  );

const short = (changes: Record<string, string | undefined>, more: Partial<CheckedOptions> = {}, cores = 32) =>
  rowsOf(changes, more, cores).filter((row) => row.status === 'short');

const limits = (soft: number, hard: number) => ({
  'proc/self/limits': `Max open files  ${soft}  ${hard}  files\n`,
});

t.test('nothing falls short on a prepared host', async (t) => {
  t.same(short({}), []);
  t.same(
    rowsOf({}).filter((row) => row.status === 'unread'),
    [],
  );
});

t.test('each shortfall is named, with the command that fixes it', async (t) => {
  const sysctl = (key: string) => `proc/sys/${key.replaceAll('.', '/')}`;
  const cases: [key: string, bad: string, fix: RegExp][] = [
    ['fs.file-max', '1000000', /^sysctl -w fs\.file-max=11000000$/],
    ['fs.nr_open', '1024', /^sysctl -w fs\.nr_open=11000000$/],
    ['fs.epoll.max_user_watches', '1000000', /^sysctl -w fs\.epoll\.max_user_watches=1032032$/],
    [
      'net.ipv4.tcp_mem',
      '1 999999 2000000',
      /^sysctl -w net\.ipv4\.tcp_mem="100000000 100000000 100000000"$/,
    ],
    ['net.core.somaxconn', '128', /somaxconn=10000$/],
    ['net.ipv4.tcp_max_syn_backlog', '512', /tcp_max_syn_backlog=10000$/],
    ['net.ipv4.tcp_migrate_req', '0', /tcp_migrate_req=1$/],
    ['net.ipv4.tcp_retries2', '15', /tcp_retries2=8$/],
    ['net.ipv4.tcp_wmem', '4096 16384 4194304', /tcp_wmem="4096 16384 262144"$/],
    ['net.ipv4.tcp_rmem', '4096 131072 6291456', /tcp_rmem="4096 131072 524288"$/],
    ['net.netfilter.nf_conntrack_max', '1000001', /nf_conntrack_max=11000000$/],
    ['net.ipv4.tcp_ehash_entries', '131072', /thash_entries=262144$/],
    ['net.ipv4.ip_local_port_range', '40000 40020', /ip_local_port_range="32768 60999"$/],
  ];
  for (const [key, bad, fix] of cases) {
    t.match(short({ [sysctl(key)]: `${bad}\n` }), [{ check: key, fix }], `${key} = ${bad}`);
  }
  t.match(short({ 'proc/meminfo': 'MemAvailable: 1000000 kB\n' }), [{ check: 'memory', fix: /plan/ }]);
  t.match(short({ 'sys/fs/cgroup/memory.max': '1000000\n' }), [
    { check: 'cgroup memory', fix: /MemoryMax=/ },
  ]);
  t.match(short({ 'sys/fs/cgroup/pids.max': '100\n' }), [{ check: 'cgroup pids', fix: /TasksMax=715/ }]);
  t.match(short({}, { pingInterval: 0.1, workers: 4 }, 4), [{ check: 'cores', needed: '168' }]);
  t.match(short({}, {}, 4), [{ check: 'workers', found: '32 on 4 cores', fix: '10m-server --workers 4' }]);
});

t.test('the limit of open files comes first, with the number of workers that stays within it', async (t) => {
  const rows = short({ ...limits(1024, 20000), 'proc/sys/fs/nr_open': '20000\n' }, { workers: 2 }, 2);
  t.match(rows[0], {
    check: 'open files of a process',
    found: 'soft 1,024, hard 20,000',
    needed: '≥ 626,129',
  });
  t.match(rows[0]!.fix, /--workers 67 stays within the limit .*prlimit --nofile=626129/);
  t.match(rows.at(-1), { check: 'workers', needed: '67 or more', fix: '10m-server --workers 67' });
  t.same(short(limits(20000, 20000), { workers: 67 }, 2), [], '67 workers are enough');
  t.match(short(limits(20000, 20000), { workers: 66 }, 2), [{}, { fix: '10m-server --workers 67' }]);
  t.same(short(limits(1024, 11000000)), [], 'Node raises the soft limit');
  const few = short(limits(1024, 1024));
  t.match(few[0]!.fix, /^give fewer --ports: .* prlimit/, 'no number of workers helps');
  t.same(
    few.map((row) => row.check),
    ['open files of a process'],
    'the number of workers is not reported',
  );
  t.notMatch(JSON.stringify(few), /no limit/);
  t.same(
    short(limits(20000, 20000), { workers: 60, maxConnections: 18_000 }, 2),
    [],
    'a worker that is full by --max-connections needs no more files',
  );
  t.equal(connectionsByFiles(liveHost(fakeHost(limits(20000, 20000))), options), 20000 - 1001 - 128);
});

t.test('a CPU quota counts in cores, and so does that of a group above', async (t) => {
  const quota = (text: string, more: Partial<CheckedOptions> = {}) =>
    rowsOf({ 'sys/fs/cgroup/system.slice/cpu.max': text }, more).filter((row) =>
      ['cores', 'workers'].includes(row.check),
    );
  t.match(quota('50000 100000\n', { workers: 2 }), [
    { status: 'short', found: '0.5 by the CPU quota', needed: '1', fix: /CPUQuota=100% \(container/ },
    { status: 'short', found: '2 on 1 core', needed: '1', fix: '10m-server --workers 1' },
  ]);
  t.match(quota('150000 100000\n', { workers: 2 }), [
    { status: 'ok', found: '1.5 by the CPU quota' },
    { status: 'ok', found: '2 on 2 cores' },
  ]);
  t.match(quota('150000 100000\n', { workers: 2, pingInterval: 10 }), [
    { status: 'short', needed: '2', fix: /CPUQuota=200%/ },
    {},
  ]);
  t.match(quota('6400000 100000\n'), [{ found: '32' }, { found: '32 on 32 cores' }]);
});

t.test('one row says which part of /proc is missing', async (t) => {
  t.match(rowsOf({})[0], { check: '/proc', status: 'ok' });
  t.match(rowsOf({ 'proc/net/netstat': undefined })[0], {
    check: '/proc',
    status: 'short',
    found: 'not readable: net/netstat',
    fix: /^mount -t proc proc \/proc /,
  });
});

t.test('ports are at risk only where outgoing connections may take them', async (t) => {
  const reserved = (range: string, list: string, more = {}) =>
    short(
      {
        'proc/sys/net/ipv4/ip_local_port_range': range,
        'proc/sys/net/ipv4/ip_local_reserved_ports': list,
      },
      more,
    ).map((row) => row.fix);
  const key = 'sysctl -w net.ipv4.ip_local_reserved_ports=';
  t.same(reserved('32768 60999', ''), []);
  t.same(reserved('1025 65535', ''), [`${key}10000-11000,9110,6379`]);
  t.same(reserved('1025 65535', '8080,10000-10499'), [`${key}8080,10000-10499,10500-11000,9110,6379`]);
  t.same(reserved('10500 65535', ''), [`${key}10500-11000`]);
  t.same(
    reserved('1025 65535', '9110,10000-11000', { redis: 'redis://redis.example' }),
    [],
    'Redis on another host',
  );
  t.same(reserved('32768 60999', '', { ports: { first: 40000, last: 40000 } }), [`${key}40000`]);
});

t.test('an unread value says why and is not a shortfall; a missing conntrack table is ok', async (t) => {
  const rows = rowsOf({
    'proc/sys/net/ipv4/tcp_mem': undefined,
    'proc/sys/net/ipv4/tcp_ehash_entries': undefined,
    'proc/sys/net/netfilter/nf_conntrack_max': undefined,
    'proc/self/limits': undefined,
    'proc/self/cgroup': undefined,
    'proc/meminfo': undefined,
  });
  t.same(
    rows.filter((row) => row.status === 'short').map((row) => row.found),
    ['not readable: self/limits'],
  );
  const unread = rows.filter((row) => row.status === 'unread');
  t.same(
    unread.map((row) => row.check),
    [
      'open files of a process',
      'net.ipv4.tcp_mem',
      'net.ipv4.tcp_ehash_entries',
      'memory',
      'cgroup memory',
      'cgroup pids',
    ],
  );
  for (const row of unread) t.match(row.found, /does not exist/);
  t.match(
    rows.find((row) => row.check === 'net.netfilter.nf_conntrack_max'),
    { status: 'ok', found: 'connections are not tracked' },
  );
});

t.test('a hash that is shared with the initial network namespace counts', async (t) => {
  t.same(short({ 'proc/sys/net/ipv4/tcp_ehash_entries': '-4194304\n' }), []);
});
