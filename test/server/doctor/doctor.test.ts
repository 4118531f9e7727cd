import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { parseCommandLine } from '../../../server/command/command-line.js';
import { noPorts } from '../../../server/command/option.js';
import { unbroken } from '../../../server/command/text-table.js';
import { doctorCommand, report } from '../../../server/doctor/doctor.js';
import { checkHost } from '../../../server/doctor/host-checks.js';
import type { Row } from '../../../server/doctor/setting-check.js';
import { liveHost } from '../../../server/host/host.js';
import { fakeHost } from '../../harness/fake-host.js';
import { found } from '../../harness/programs.js';

const main = fileURLToPath(new URL('../../../server/main.js', import.meta.url));

const openFiles = liveHost().openFiles();
const hard = 'value' in openFiles ? Math.min(20_000, openFiles.value.hard) : 0;

t.test(
  'doctor as a process names the limit of open files first, and how many workers stay within it',
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
    t.match(first?.[1], `open files of a process: soft ${text}, hard ${text}; needed: ≥ 626,129.`);
    t.match(first?.[2], `10m-server --workers ${workers} stays within the limit`);
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

t.test('wrong flags end doctor with exit code 2 and one line', async (t) => {
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
  t.match(await complaint('--admin-port', '10500'), /lies inside --ports/, 'the server would refuse it too');
});

/** Commands and vectors of numbers contain non-breaking spaces. */
const command = unbroken('sysctl -w a.b="1 2 3"');

const rows: Row[] = [
  { check: 'one', status: 'ok', found: '1', needed: '1', why: 'because', fix: '' },
  {
    check: 'two',
    status: 'short',
    found: '1',
    needed: '2',
    why: 'of this and of that',
    fix: command,
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

t.test('the report is a table if it fits, else blocks, and uses words besides signs', async (t) => {
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

1 of 3 checks falls short. 1 could not be read. sysctl/apply.sh sets all kernel parameters at once.
First obstacle: two: 1; needed: 2.
          fix: sysctl -w a.b="1 2 3"`,
  );
  const narrow = report(rows, options, 1_000_000, 20);
  t.match(narrow, '✗ short   two\n          found: 1; needed: 2\n');
  t.match(narrow, '\n          fix: sysctl -w a.b="1 2 3"\n', 'a command is never broken');
  t.match(report(rows.slice(0, 1), options, 1, 110), /Nothing falls short\.$/);
});

/** Lines that are too long, except those that consist of a command. */
const tooLong = (lines: readonly string[], columns: number): string[] =>
  lines.filter((line) => line.length > columns && !/^ +(sysctl|systemctl|prlimit) /.test(line));

t.test('the report fits any terminal of 60 or more columns, and no command is broken', async (t) => {
  const host = liveHost(
    fakeHost({
      'proc/self/limits': 'Max open files  1024  20000  files\n',
      'proc/sys/net/ipv4/tcp_mem': '1 2 3\n',
      'proc/sys/net/ipv4/tcp_wmem': '4096 16384 4194304\n',
      'proc/sys/net/ipv4/tcp_ehash_entries': undefined,
      'sys/fs/cgroup/pids.max': '10\n',
      'sys/fs/cgroup/cpu.max': '50000 100000\n',
    }),
  );
  const all = checkHost(host, options, 1_000_000);
  for (const columns of [60, 80, 120, 200]) {
    const text = report(all, options, 1_000_000, columns);
    t.same(tooLong(text.split('\n'), columns), [], `${columns} columns`);
    t.match(text, 'sysctl -w net.ipv4.tcp_mem="100000000 100000000 100000000"\n');
    t.match(text, /10m-server --workers \d+\b/);
    t.match(text, 'systemctl set-property 10m-server.service CPUQuota=100%');
    t.notMatch(text, /\u00a0/, 'copied text contains plain spaces');
  }
});

t.test('doctor uses the width of the terminal', found('script', 'stty'), async (t) => {
  const linesAt = (columns: number): string[] => {
    const command = `stty cols ${columns}; '${process.execPath}' '${main}' doctor --workers 2`;
    const { stdout } = spawnSync('script', ['-qec', command, '/dev/null'], { encoding: 'utf8' });
    const lines = stdout.replaceAll('\r', '').split('\n');
    t.ok(lines.length > 20, stdout);
    return lines;
  };
  t.same(tooLong(linesAt(60), 60), []);
  t.same(tooLong(linesAt(80), 80), []);
  t.ok(linesAt(200).some((line) => line.length > 80));
  t.same(tooLong(linesAt(0), 120), [], 'a terminal that does not know its width');
});
