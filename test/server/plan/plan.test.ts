import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { parseCommandLine } from '../../../server/command/command-line.js';
import { planCommand } from '../../../server/plan/plan.js';

const main = fileURLToPath(new URL('../../../server/main.js', import.meta.url));

const plan = (...flags: string[]) =>
  spawnSync(process.execPath, [main, 'plan', ...flags], { encoding: 'utf8', env: {} });

const complaint = async (...argv: string[]): Promise<string> => {
  const commandLine = await parseCommandLine(planCommand, argv, {});
  return 'text' in commandLine && commandLine.exitCode === 2 ? commandLine.text : 'nothing wrong';
};

t.test("plan prints a table for the article's machine", async (t) => {
  const { stdout, status } = plan('--connections', '10000000', '--memory', '208GB', '--cores', '32');
  t.equal(status, 0);
  t.match(stdout, /^10,000,000 connections, a ping every 300 s, no messages:\n/);
  t.match(stdout, /workers +32 +312,500 connections each\n/);
  t.match(stdout, /pings +33,333\/s +92 bytes out and 90 in on the wire\n/);
  t.match(stdout, /holds +30,9\d\d,\d\d\d connections +limited by memory/);
  t.match(
    stdout,
    /1,000–1,050 bytes +2026-11-24 +user memory of a connection/,
    'it names the costs that it was computed from',
  );
  t.match(stdout, /Note: The article reached a limit at about 30,000 pings\/s/);
  for (const line of stdout.split('\n').filter((line) => !line.startsWith('Note')))
    t.ok(line.length <= 140, `the line fits the screen: ${line}`);
});

t.test('plan prints the same as JSON', async (t) => {
  const { stdout } = plan('--connections', '10000000', '--memory', '208GB', '--cores', '32', '--json');
  t.match(JSON.parse(stdout), {
    load: { connections: 10_000_000 },
    machine: { memoryBytes: 208e9, cores: 32, ports: 1001 },
    workers: 32,
    holds: { limitedBy: 'memory' },
    machines: 1,
    costs: [{ low: 1000, high: 1050, unit: 'bytes', measured: '2026-11-24' }, {}, {}, {}],
  });
  const article = plan(
    ...['--connections', '10000000', '--memory', '208GB', '--cores', '32'],
    ...['--fd-limit', '11000000', '--server', 'article', '--json'],
  );
  t.match(JSON.parse(article.stdout), { workers: 1, machines: 1 });
});

t.test('each flag changes the plan', async (t) => {
  const text = (...flags: string[]) => plan(...flags).stdout;
  t.match(text('--connections', '1'), /give --memory and --cores/);
  t.match(text('--tls'), /3,100 bytes .*TLS[\s\S]*Note: TLS handshakes/);
  t.match(text('--channels', 'shared'), /770–810 bytes/);
  t.match(text('--messages-per-second', '20', '--fanout', '50000'), /deliveries +1,000,000\/s/);
  t.match(
    text('--messages-per-second', '400000', '--cores', '2'),
    /Note: A worker can receive 350,000[\s\S]*2 Redis servers/,
  );
  t.match(text('--ping-interval', '0'), /no pings/);
  t.match(text('--connections', '1000000', '--fd-limit', '20000'), /workers +67 /);
});

t.test('wrong flags end plan with exit code 2 and one line', async (t) => {
  const { status, stderr, stdout } = plan('--connections', '0');
  t.equal(status, 2);
  t.match(stderr, /^10m-server plan: --connections "0" is not allowed; give .+\n$/);
  t.equal(stdout, '');
  t.match(await complaint('--memory', '208 GB'), /--memory "208 GB" is not allowed; give a size/);
  t.match(await complaint('--cores', 'all'), /--cores "all"/);
  t.match(await complaint('--server', 'other'), /one of 10m, article/);
  t.match(await complaint('--fanout', '-1'), /--fanout/);
  t.match(
    await complaint('--fd-limit', '1129'),
    /--fd-limit 1129 leaves no room for connections .*; give 1130 or more/,
  );
  t.equal(await complaint('--fd-limit', '1130'), 'nothing wrong');
});
