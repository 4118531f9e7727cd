// 10m-server doctor: this host held against a number of connections, with the command that mends each shortfall.
import { type Command, runCommand } from '../command/command-line.js';
import { integer } from '../command/option.js';
import { formatCount } from '../command/quantity.js';
import { alignColumns, wrapWords } from '../command/text-table.js';
import { liveHost } from '../host/host.js';
import { type ServerOptions, serverCommand, serverOptions } from '../options/server-options.js';
import { type CheckedOptions, checkHost, connectionsByFiles } from './host-checks.js';
import { checkRedis } from './redis-check.js';
import type { Row } from './setting-check.js';

/** What is checked for when nobody says otherwise. */
const DEFAULT_CONNECTIONS = 1_000_000;

/** The server's own flags, so that its environment and its --config file serve here too, and the number of connections. */
export const doctorOptions = {
  connections: integer({
    help: 'connections that this host is to hold, all workers together',
    min: 1,
    max: 100_000_000,
    default: DEFAULT_CONNECTIONS,
  }),
  ...serverOptions,
};

export const doctorCommand: Command<typeof doctorOptions, Record<never, never>> = {
  name: '10m-server doctor',
  summary:
    'Checks whether this host can hold so many connections. Takes the flags of 10m-server too: give those that the\n' +
    'server will have. Exit: 0 all fine, 1 something falls short, 2 wrong flags.',
  positionals: {},
  options: doctorOptions,
  examples: [
    ['10m-server doctor', 'check this host for 1,000,000 connections'],
    ['10m-server doctor --connections 200000 --workers 8', 'check it for eight workers'],
    ['10m-server doctor --redis redis://127.0.0.1:6379', 'check Redis too'],
  ],
  check: (options) => serverCommand.check?.(options),
};

/**
 * The checks that need no network and no time: what the server warns of at start. A handful of small reads of /proc;
 * nothing throws.
 *
 * The host is held against what these options let in: --workers times --max-connections, or, without that, as much as
 * the limit of open files allows, up to 1,000,000.
 *
 * @returns the rows that fall short, the first obstacle first
 */
export function quickCheck(options: ServerOptions, host = liveHost()): Row[] {
  const maxConnections = options.maxConnections ?? connectionsByFiles(host, options);
  const most = options.maxConnections === undefined ? DEFAULT_CONNECTIONS : Number.POSITIVE_INFINITY;
  const connections = Math.max(1, Math.min(most, options.workers * maxConnections));
  return checkHost(host, { ...options, maxConnections }, connections).filter((row) => row.status === 'short');
}

/**
 * Checks the live host and prints the report; sets the exit code to 1 where a row falls short.
 *
 * @param argv the arguments after `doctor`
 */
export const doctor = (argv: readonly string[]): Promise<void> =>
  runCommand(doctorCommand, argv, async (options) => {
    const rows = checkHost(liveHost(), options, options.connections);
    if (options.redis !== undefined) rows.push(...(await checkRedis(options.redis)));
    process.stdout.write(`${report(rows, options, options.connections, process.stdout.columns ?? 120)}\n`);
    return rows.some((row) => row.status === 'short') ? 1 : 0;
  });

const MARKS = { ok: '✓ ok', short: '✗ short', unread: '? unread' } as const;

const INDENT = ' '.repeat(10);

/**
 * The checks as text: a line for each, and under each that is not fine, why it matters and what mends it. Where the
 * lines would not fit, found and needed go below the check.
 *
 * @param columns width of the terminal; commands are never broken
 */
export function report(
  rows: readonly Row[],
  options: CheckedOptions,
  connections: number,
  columns: number,
): string {
  const table = alignColumns([
    ['', 'check', 'found', 'needed'],
    ...rows.map((row) => [
      MARKS[row.status],
      row.check,
      row.status === 'unread' ? '–' : row.found,
      row.needed,
    ]),
  ]);
  const isTable = table.every((line) => line.length <= columns);
  const body = isTable
    ? [table[0]!, ...rows.flatMap((row, i) => [table[i + 1]!, ...details(row, columns)])]
    : rows.flatMap((row) => [...stacked(row, columns), ...details(row, columns)]);
  return [
    `This host for ${formatCount(connections)} connections in ${options.workers} workers:`,
    '',
    ...body,
    '',
    verdict(rows),
  ].join('\n');
}

const stacked = (row: Row, columns: number): string[] => [
  `${MARKS[row.status].padEnd(INDENT.length)}${row.check}`,
  ...indented(`${row.status === 'unread' ? '' : `found: ${row.found}; `}needed: ${row.needed}`, columns),
];

function details(row: Row, columns: number): string[] {
  if (row.status === 'ok') return [];
  return [
    ...(row.status === 'unread' ? indented(`not read: ${row.found}`, columns) : []),
    ...indented(`why: ${row.why}`, columns),
    ...(row.fix === '' ? [] : [`${INDENT}fix: ${row.fix}`]),
  ];
}

const indented = (text: string, columns: number): string[] =>
  wrapWords(text, Math.max(30, columns - INDENT.length)).map((line) => INDENT + line);

function verdict(rows: readonly Row[]): string {
  const short = rows.filter((row) => row.status === 'short');
  const unread = rows.filter((row) => row.status === 'unread').length;
  const unreadWords = unread === 0 ? '' : ` ${unread} could not be read.`;
  const first = short[0];
  if (first === undefined) return `Nothing falls short.${unreadWords}`;
  return [
    `${short.length} of ${rows.length} fall short.${unreadWords} sysctl/apply.sh sets all of the kernel's at once.`,
    `First obstacle: ${first.check}: ${first.found}; needed ${first.needed}.`,
    `${INDENT}fix: ${first.fix}`,
  ].join('\n');
}
