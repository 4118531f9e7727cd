// 10m-server doctor: checks whether this host can hold a number of connections, and names the fix for each shortfall.
import type { Command } from '../command/command.js';
import { runCommand } from '../command/command-line.js';
import { integer } from '../command/option.js';
import { formatCount } from '../command/quantity.js';
import { outputColumns, print } from '../command/standard-output.js';
import { alignColumns, indented, wrapWords } from '../command/text-table.js';
import { liveHost } from '../host/host.js';
import { serverCommand } from '../options/server-command.js';
import { serverOptions } from '../options/server-options.js';
import { type CheckedOptions, checkHost, DEFAULT_CONNECTIONS } from './host-checks.js';
import { checkRedis } from './redis-check.js';
import type { Row } from './setting-check.js';

/** The number of connections, and all flags of the server, so that its environment and --config file work here too. */
export const doctorOptions = {
  connections: integer({
    help: 'connections that this host should hold, in all workers together',
    min: 1,
    max: 100_000_000,
    default: DEFAULT_CONNECTIONS,
  }),
  ...serverOptions,
};

export const doctorCommand: Command<typeof doctorOptions, Record<never, never>> = {
  name: '10m-server doctor',
  summary:
    'Checks whether this host can hold the given number of connections. Takes all flags of 10m-server too: give the\n' +
    'flags that the server will have. Exit: 0 all fine, 1 something falls short, 2 wrong flags.',
  positionals: {},
  options: doctorOptions,
  examples: [
    ['10m-server doctor', 'check this host for 1,000,000 connections'],
    ['10m-server doctor --connections 200000 --workers 8', 'check this host for eight workers'],
    ['10m-server doctor --redis redis://127.0.0.1:6379', 'check Redis too'],
  ],
  check: (options) => serverCommand.check?.(options),
};

/**
 * Checks the live host and prints the report; sets the exit code to 1 where a row falls short.
 *
 * @param argv the arguments after `doctor`
 */
export const doctor = (argv: readonly string[]): Promise<void> =>
  runCommand(doctorCommand, argv, async (options) => {
    const rows = checkHost(liveHost(), options, options.connections);
    if (options.redis !== undefined) rows.push(...(await checkRedis(options.redis, options.redisPattern)));
    print(report(rows, options, options.connections, outputColumns()));
    return rows.some((row) => row.status === 'short') ? 1 : 0;
  });

const MARKS = { ok: '✓ ok', short: '✗ short', unread: '? unread' } as const;

/** Indents the lines below a row; as wide as a mark and its gap. */
const INDENT = ' '.repeat(10);
const MARK_WIDTH = 8;

/** In a narrower terminal, text is wrapped to this width. */
const MIN_WIDTH = 40;

/**
 * Formats the checks as a table. Below each row that is not ok, it says why the check matters and how to fix it. If the
 * table does not fit, it writes a block for each check instead.
 *
 * @param columns width of the terminal; words and commands are never broken
 */
export function report(
  rows: readonly Row[],
  options: CheckedOptions,
  connections: number,
  columns: number,
): string {
  const width = Math.max(MIN_WIDTH, columns);
  const { workers } = options;
  const title = `This host for ${formatCount(connections)} connections in ${workers} worker${workers === 1 ? '' : 's'}:`;
  return [
    ...wrapWords(title, width),
    '',
    ...(table(rows, columns, width) ??
      rows.flatMap((row) => [...stacked(row, width), ...details(row, width)])),
    '',
    ...verdict(rows, width),
  ].join('\n');
}

/** Returns `undefined` if a line would be too long. */
function table(rows: readonly Row[], columns: number, width: number): string[] | undefined {
  const [head, ...lines] = alignColumns([
    [' '.repeat(MARK_WIDTH), 'check', 'found', 'needed'],
    ...rows.map(({ status, check, found, needed }) => [
      MARKS[status],
      check,
      status === 'unread' ? '–' : found,
      needed,
    ]),
  ]);
  if ([head!, ...lines].some((line) => line.length > columns)) return undefined;
  return [head!, ...rows.flatMap((row, i) => [lines[i]!, ...details(row, width)])];
}

const stacked = (row: Row, width: number): string[] => [
  MARKS[row.status].padEnd(INDENT.length) + row.check,
  ...indented(
    `${row.status === 'unread' ? '' : `found: ${row.found}; `}needed: ${row.needed}`,
    INDENT,
    width,
  ),
];

function details(row: Row, width: number): string[] {
  if (row.status === 'ok') return [];
  return [
    ...(row.status === 'unread' ? indented(`not read: ${row.found}`, INDENT, width) : []),
    ...indented(`why: ${row.why}`, INDENT, width),
    ...fixLines(row, width),
  ];
}

const fixLines = ({ fix }: Row, width: number): string[] =>
  fix === '' ? [] : indented(`fix: ${fix}`, INDENT, width);

function verdict(rows: readonly Row[], width: number): string[] {
  const short = rows.filter((row) => row.status === 'short');
  const unread = rows.filter((row) => row.status === 'unread').length;
  const unreadWords = unread === 0 ? '' : ` ${unread} could not be read.`;
  const first = short[0];
  if (first === undefined) return wrapWords(`Nothing falls short.${unreadWords}`, width);
  const count = `${short.length} of ${rows.length} checks ${short.length === 1 ? 'falls' : 'fall'} short.${unreadWords}`;
  return [
    ...wrapWords(`${count} sysctl/apply.sh sets all kernel parameters at once.`, width),
    ...wrapWords(`First obstacle: ${first.check}: ${first.found}; needed: ${first.needed}.`, width),
    ...fixLines(first, width),
  ];
}
