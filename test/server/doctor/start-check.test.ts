import t from 'tap';
import { parseCommandLine } from '../../../server/command/command-line.js';
import { checkAtStart, shortfalls } from '../../../server/doctor/start-check.js';
import { liveHost } from '../../../server/host/host.js';
import { createLogger } from '../../../server/logger.js';
import { serverCommand } from '../../../server/options/server-command.js';
import type { ServerOptions } from '../../../server/options/server-options.js';
import { fakeHost } from '../../harness/fake-host.js';

const serverOptionsOf = async (argv: string[]): Promise<ServerOptions> => {
  const commandLine = await parseCommandLine(serverCommand, argv, {});
  if (!('values' in commandLine)) throw new Error(commandLine.text);
  return commandLine.values;
};

const openFiles = (limit: number) => ({ 'proc/self/limits': `Max open files  ${limit}  ${limit}  files\n` });

t.test('the host is checked for the connections that the options allow', async (t) => {
  const checks = async (argv: string[], changes: Record<string, string> = {}) =>
    shortfalls(await serverOptionsOf(argv), liveHost(fakeHost(changes), 32)).map((row) => row.check);
  t.same(await checks(['--workers', '32']), []);
  t.same(
    await checks(['--workers', '32'], openFiles(20_000)),
    [],
    'the limit of open files bounds the connections',
  );
  t.same(await checks(['--workers', '32', '--max-connections', '30000'], openFiles(20_000)), [
    'open files of a process',
    'workers',
  ]);
  t.same(
    await checks(['--workers', '32'], {
      'proc/sys/net/ipv4/tcp_migrate_req': '0\n',
      'proc/meminfo': 'MemAvailable: 9 kB\n',
    }),
    ['net.ipv4.tcp_migrate_req', 'memory'],
  );
});

/** The lines that are logged, or the error. */
async function said(argv: string[], changes: Record<string, string | undefined>): Promise<unknown> {
  const lines: string[] = [];
  const logger = createLogger('debug', true, (line) => void lines.push(line));
  try {
    checkAtStart(await serverOptionsOf(argv), logger, liveHost(fakeHost(changes), 32));
  } catch (error) {
    return (error as Error).message;
  }
  return lines.map((line) => JSON.parse(line));
}

t.test('all shortfalls together give one line, which counts them and names doctor', async (t) => {
  t.same(await said([], {}), []);
  const changes = {
    'proc/sys/net/ipv4/tcp_migrate_req': '0\n',
    'proc/sys/net/ipv4/tcp_retries2': '15\n',
    'proc/net/sockstat': undefined,
  };
  t.match(await said([], changes), [
    {
      level: 'warn',
      message: /10m-server doctor/,
      shortfalls: 3,
      checks: '/proc, net.ipv4.tcp_migrate_req, net.ipv4.tcp_retries2',
    },
  ]);
  t.equal(((await said([], changes)) as unknown[]).length, 1);
});

t.test('a limit of open files that leaves no connection ends the start and names the remedies', async (t) => {
  t.match(
    await said([], openFiles(1024)),
    /^the limit of 1,024 open files leaves none .*; give fewer --ports \(a single port leaves room for 895 connections/,
  );
  t.same(await said(['--ports', '10000-10099'], openFiles(1024)), []);
});
