import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { hostSettings } from '../../sysctl/requirements.js';

const source = fileURLToPath(new URL('../../../sysctl/', import.meta.url));
const main = fileURLToPath(new URL('../../server/main.js', import.meta.url));

const stock: Record<string, string> = {
  'fs.file-max': '9223372036854775807',
  'fs.nr_open': '1048576',
  'net.ipv4.tcp_mem': '287898\t383866\t200000000',
  'net.core.somaxconn': '4096',
  'net.ipv4.tcp_max_syn_backlog': '2048',
  'net.ipv4.ip_local_port_range': '32768\t60999',
  'net.ipv4.ip_local_reserved_ports': '',
  'net.ipv4.tcp_migrate_req': '0',
  'net.ipv4.tcp_retries2': '15',
  'net.ipv4.tcp_wmem': '4096\t16384\t4194304',
  'net.ipv4.tcp_rmem': '4096\t131072\t33554432',
  'net.netfilter.nf_conntrack_max': '262144',
};

/** A folder that replaces /proc/sys. */
function procSys(changes: Record<string, string | undefined> = {}) {
  const root = mkdtempSync(join(tmpdir(), '10m-proc-sys-'));
  t.teardown(() => rmSync(root, { recursive: true, force: true }));
  const path = (key: string) => join(root, 'sys', key.replaceAll('.', '/'));
  const values = Object.entries({ ...stock, ...changes }).filter((entry) => entry[1] !== undefined);
  for (const [key, value] of values) {
    mkdirSync(dirname(path(key)), { recursive: true });
    writeFileSync(path(key), `${value}\n`);
  }
  const state = join(root, 'state');
  const env = { PATH: process.env['PATH'], TENM_PROC_SYS: join(root, 'sys'), TENM_SYSCTL_STATE: state };
  return {
    state,
    path,
    run: (...args: string[]) => spawnSync(join(source, 'apply.sh'), args, { encoding: 'utf8', env }),
    read: (key: string) => readFileSync(path(key), 'utf8').trim().replaceAll('\t', ' '),
    snapshot: () =>
      Object.fromEntries(
        values.map(([key]) => [key, readFileSync(path(key), 'utf8').trim().replaceAll('\t', ' ')]),
      ),
  };
}

t.test('apply.sh sets the values, prints old → new, and reverts everything', async (t) => {
  const host = procSys();
  const before = host.snapshot();
  const { stdout, stderr, status } = host.run('server');
  t.equal(stderr, '');
  t.equal(status, 0);
  t.match(stdout, /^net\.ipv4\.tcp_retries2 +15 → 8$/m);
  t.match(stdout, /^net\.ipv4\.tcp_wmem +4096 16384 4194304 → 4096 16384 262144$/m);
  t.match(stdout, /^net\.ipv4\.ip_local_reserved_ports +\(empty\) → 6379,9110,10000-11000$/m);
  for (const { key, server, rule } of hostSettings) {
    if (server !== undefined && rule !== 'at-least') t.equal(host.read(key), server, key);
  }
  t.equal(host.read('net.ipv4.ip_local_port_range'), '32768 60999', 'only the client role sets it');

  const reverted = host.run('--revert');
  t.equal(reverted.status, 0, reverted.stdout + reverted.stderr);
  t.match(reverted.stdout, /^net\.ipv4\.tcp_retries2 +8 → 15$/m);
  t.same(host.snapshot(), before);
  t.notOk(existsSync(host.state));
  t.match(host.run('--revert'), { status: 0, stdout: /nothing to revert/ });
});

t.test('higher limits are kept, number by number, and reserved ports are added', async (t) => {
  const host = procSys({ 'net.ipv4.ip_local_reserved_ports': '8080' });
  const before = host.snapshot();
  t.match(host.run().stdout, /^fs\.file-max +9223372036854775807 \(kept\)$/m);
  t.equal(host.read('fs.file-max'), '9223372036854775807');
  t.equal(host.read('net.ipv4.tcp_mem'), '100000000 100000000 200000000');
  t.equal(host.read('net.ipv4.ip_local_reserved_ports'), '8080,6379,9110,10000-11000');
  host.run('--revert');
  t.same(host.snapshot(), before);
  const reserved = '6379,8080,9110,10000-11000';
  const covered = procSys({ 'net.ipv4.ip_local_reserved_ports': reserved });
  covered.run();
  t.equal(covered.read('net.ipv4.ip_local_reserved_ports'), reserved);
});

t.test('a second run, even with the other role, keeps the first old values', async (t) => {
  const host = procSys();
  const before = host.snapshot();
  host.run('server');
  t.notMatch(host.run('server').stdout, '→');
  t.match(host.run('client').stdout, /^net\.ipv4\.ip_local_port_range +32768 60999 → 1024 65535$/m);
  t.equal(host.run('--revert').status, 0);
  t.same(host.snapshot(), before);
});

t.test('--dry-run changes nothing', async (t) => {
  const host = procSys();
  const before = host.snapshot();
  t.match(host.run('--dry-run'), { status: 0, stdout: /tcp_retries2 +15 → 8 \(dry run\)/ });
  t.same(host.snapshot(), before);
  t.notOk(existsSync(host.state));
  host.run();
  const applied = host.snapshot();
  t.match(host.run('--revert', '--dry-run'), { status: 0, stdout: /tcp_retries2 +8 → 15 \(dry run\)/ });
  t.same(host.snapshot(), applied);
});

t.test('a key that the kernel lacks gives one line and stops nothing', async (t) => {
  const optional = procSys({ 'net.netfilter.nf_conntrack_max': undefined });
  t.match(optional.run(), { status: 0, stdout: /^net\.netfilter\.nf_conntrack_max +skipped: .+$/m });
  const host = procSys({ 'fs.nr_open': undefined });
  const { status, stdout, stderr } = host.run();
  t.equal(status, 1);
  t.equal(stderr, '');
  t.match(stdout, /^fs\.nr_open +NOT SET: .*no such key$/m);
  t.equal(host.read('net.ipv4.tcp_retries2'), '8', 'the other keys are set');
});

t.test('a key that cannot be written gives one line and is not reverted', async (t) => {
  const host = procSys({ 'net.ipv4.tcp_retries2': undefined });
  // Nobody, not even root, can write to a folder in its place.
  mkdirSync(host.path('net.ipv4.tcp_retries2'));
  const { status, stdout, stderr } = host.run();
  t.equal(status, 1);
  t.equal(stderr, '');
  t.match(stdout, /^net\.ipv4\.tcp_retries2 +NOT SET: .+$/m);
  t.equal(host.read('net.ipv4.tcp_migrate_req'), '1');
  t.notMatch(readFileSync(host.state, 'utf8'), 'tcp_retries2');
});

t.test('a value that cannot be restored stays in the state file', async (t) => {
  const host = procSys();
  host.run();
  rmSync(host.path('net.ipv4.tcp_retries2'));
  mkdirSync(host.path('net.ipv4.tcp_retries2'));
  t.match(host.run('--revert'), { status: 1, stdout: /^net\.ipv4\.tcp_retries2 +NOT SET: /m });
  t.equal(readFileSync(host.state, 'utf8'), 'net.ipv4.tcp_retries2=15\n');
});

t.test('a value that cannot be saved is not changed', async (t) => {
  const host = procSys();
  const before = host.snapshot();
  mkdirSync(host.state);
  t.match(host.run(), { status: 1, stdout: /NOT SET: the old value cannot be saved/ });
  t.same(host.snapshot(), before);
});

t.test('wrong arguments end apply.sh with exit code 2 and one line', async (t) => {
  for (const args of [['both'], ['server', 'client'], ['--revert', 'server'], ['--now']]) {
    const { status, stderr } = procSys().run(...args);
    t.equal(status, 2, args.join(' '));
    t.match(stderr, /^apply\.sh: .+\n$/);
  }
  t.match(procSys().run('--help'), { status: 0, stdout: /--revert/ });
});

const canUnshare = spawnSync('unshare', ['-n', 'true']).status === 0;

t.test(
  'apply.sh works on a real kernel, in a network namespace',
  { skip: !canUnshare && 'needs root and unshare' },
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), '10m-apply-'));
    t.teardown(() => rmSync(folder, { recursive: true, force: true }));
    // Only keys of the namespace itself: the test must not change the host's.
    const own = hostSettings
      .filter(({ key, server }) => server !== undefined && key.startsWith('net.'))
      .filter(({ key }) => !['net.ipv4.tcp_mem', 'net.netfilter.nf_conntrack_max'].includes(key));
    writeFileSync(
      join(folder, '10m-server.conf'),
      own.map(({ key, server }) => `-${key} = ${server}\n`).join(''),
    );
    copyFileSync(join(source, 'apply.sh'), join(folder, 'apply.sh'));
    chmodSync(join(folder, 'apply.sh'), 0o755);
    const script = `
    snapshot() { for path in ${own.map(({ key }) => `/proc/sys/${key.replaceAll('.', '/')}`).join(' ')}; do
      [ ! -e "$path" ] || echo "$path $(cat "$path")"; done; }
    snapshot >before
    ./apply.sh >applied || echo "apply.sh: $?"
    "$NODE" "$MAIN" doctor --connections 1000 --workers 1 >doctor.txt
    ./apply.sh --revert >reverted || echo "revert: $?"
    snapshot >after
    cmp before after`;
    const { stdout, stderr, status } = spawnSync('unshare', ['-n', 'sh', '-c', script], {
      encoding: 'utf8',
      cwd: folder,
      env: {
        PATH: process.env['PATH'],
        NODE: process.execPath,
        MAIN: main,
        TENM_SYSCTL_STATE: join(folder, 'state'),
      },
    });
    t.same([stdout, stderr, status], ['', '', 0], 'everything is set, and everything is reverted');
    const output = (name: string): string => readFileSync(join(folder, name), 'utf8');
    t.match(output('applied'), / → /, 'some value was changed');
    for (const { key, needed } of own) {
      if (needed !== undefined)
        t.match(output('doctor.txt'), new RegExp(`^✓ ok +${key.replaceAll('.', '\\.')} `, 'm'));
    }
  },
);
