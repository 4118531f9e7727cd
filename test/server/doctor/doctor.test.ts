import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { parseCommandLine } from '../../../server/command/command-line.js';
import { noPorts } from '../../../server/command/option.js';
import { doctorCommand, quickCheck, report } from '../../../server/doctor/doctor.js';
import type { Row } from '../../../server/doctor/setting-check.js';
import { liveHost } from '../../../server/host/host.js';
import { type ServerOptions, serverCommand } from '../../../server/options/server-options.js';
import { fakeHost } from '../../harness/fake-host.js';

const main = fileURLToPath(new URL('../../../server/main.js', import.meta.url));

const serverOptionsOf = async (argv: string[]): Promise<ServerOptions> => {
  const commandLine = await parseCommandLine(serverCommand, argv, {});
  if (!('values' in commandLine)) throw new Error(commandLine.text);
  return commandLine.values;
};

const openFiles = liveHost().openFiles();
const hard = 'value' in openFiles ? Math.min(20_000, openFiles.value.hard) : 0;

t.test(
  'as a process: the limit of open files is the first obstacle, and so many workers get around it',
  { skip: hard < 2000 && `the limit of open files here is ${hard}` },
  async (t) => {
    const run = (...flags: string[]) =>
      spawnSync(
        'sh',
        ['-c', `ulimit -n ${hard}; exec "$@"`, 'sh', process.execPath, main, 'doctor', ...flags],
        {
          encoding: 'utf8',
          env: { PATH: process.env['PATH'] },
        },
      );
    const workers = Math.ceil((1_000_000 * 1.25) / (hard - 1001 - 128));
    const text = hard.toLocaleString('en-US');
    const { stdout, stderr, status } = run('--connections', '1000000', '--workers', '2');
    t.equal(status, 1, stderr);
    const first = /First obstacle: (.*)\n +fix: (.*)/.exec(stdout);
    t.match(first?.[1], `open files of a process: soft ${text}, hard ${text}; needed ≥ 626,129.`);
    t.match(first?.[2], `10m-server --workers ${workers} gets around it`);
    t.match(stdout, /✗ short +open files of a process/);
    t.match(
      stdout.split('\n').find((line) => /short|unread/.test(line)),
      /open files of a process/,
    );

    const enough = run('--workers', String(workers)).stdout;
    t.match(enough, /✓ ok +open files of a process/);
    t.match(enough, /✓ ok +workers/);
  },
);

t.test('wrong flags end with 2 and one line', async (t) => {
  const { status, stderr, stdout } = spawnSync(process.execPath, [main, 'doctor', '--connections', '0'], {
    encoding: 'utf8',
  });
  t.equal(status, 2);
  t.match(stderr, /^10m-server doctor: --connections "0" is not allowed; .+\n$/);
  t.equal(stdout, '');
  const complaint = async (...argv: string[]) => {
    const commandLine = await parseCommandLine(doctorCommand, argv, {});
    return 'text' in commandLine && commandLine.exitCode === 2 ? commandLine.text : 'nothing wrong';
  };
  t.match(await complaint('--connections', 'many'), /--connections "many"/);
  t.match(await complaint('--workers', '0'), /--workers "0"/);
  t.match(await complaint('--nope'), /--nope/);
  t.match(await complaint('now'), /"now"/);
  t.match(await complaint('--admin-port', '10500'), /lies inside --ports/, 'what the server would refuse');
});

const rows: Row[] = [
  { check: 'one', status: 'ok', found: '1', needed: '1', why: 'because', fix: '' },
  {
    check: 'two',
    status: 'short',
    found: '1',
    needed: '2',
    why: 'of this and of that',
    fix: 'sysctl -w a.b="1 2 3"',
  },
  { check: 'three', status: 'unread', found: '/proc/x: EACCES', needed: '3', why: 'because', fix: '' },
];
const options = {
  ports: { first: 1, last: 2 },
  tlsPorts: noPorts,
  workers: 4,
  maxConnections: undefined,
  adminPort: 9110,
  redis: undefined,
  pingInterval: 300,
};

t.test('the report: a table where it fits, blocks where it does not, words and not only signs', async (t) => {
  t.equal(
    report(rows, options, 1_000_000, 110),
    `This host for 1,000,000 connections in 4 workers:

          check  found  needed
✓ ok      one    1      1
✗ short   two    1      2
          why: of this and of that
          fix: sysctl -w a.b="1 2 3"
? unread  three  –      3
          not read: /proc/x: EACCES
          why: because

1 of 3 fall short. 1 could not be read. sysctl/apply.sh sets all of the kernel's at once.
First obstacle: two: 1; needed 2.
          fix: sysctl -w a.b="1 2 3"`,
  );
  const narrow = report(rows, options, 1_000_000, 20);
  t.match(narrow, '✗ short   two\n          found: 1; needed: 2\n');
  t.match(narrow, '\n          fix: sysctl -w a.b="1 2 3"\n', 'a command is never broken');
  t.match(report(rows.slice(0, 1), options, 1, 110), /Nothing falls short\.$/);
});

t.test('the quick check holds the host against what the options let in', async (t) => {
  const quick = async (argv: string[], changes: Record<string, string> = {}) =>
    quickCheck(await serverOptionsOf(argv), liveHost(fakeHost(changes), 32)).map((row) => row.check);
  const files = { 'proc/self/limits': 'Max open files  20000  20000  files\n' };
  t.same(await quick(['--workers', '32']), []);
  t.same(await quick(['--workers', '32'], files), [], 'the limit of open files bounds what is let in');
  t.same(await quick(['--workers', '32', '--max-connections', '30000'], files), [
    'open files of a process',
    'workers',
  ]);
  t.same(
    await quick(['--workers', '32'], {
      'proc/sys/net/ipv4/tcp_migrate_req': '0\n',
      'proc/meminfo': 'MemAvailable: 9 kB\n',
    }),
    ['net.ipv4.tcp_migrate_req', 'memory'],
  );
  const started = process.hrtime.bigint();
  quickCheck(await serverOptionsOf([]));
  t.ok(process.hrtime.bigint() - started < 500_000_000n, 'it takes no time');
});
