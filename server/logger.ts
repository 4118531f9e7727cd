// The one way to say something to the operator: a line on standard error, JSON where nobody is watching.
import { type Severity, standardError } from './command/standard-error.js';

/** Severities, from the least to the most; `silent` says nothing. */
export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** The levels that a line can have. */
type LineLevel = Exclude<LogLevel, 'silent'>;

const SEVERITIES: Readonly<Record<LineLevel, Severity>> = { debug: 7, info: 6, warn: 4, error: 3 };

/** What goes with a message: small values with units in their names, never a secret and never client data unescaped. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>> & {
  /** The names that every line has already. */
  readonly [name in 'time' | 'level' | 'message']?: never;
};

/** Writes a line per call when its level is enabled. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/**
 * @param level least level that is written
 * @param asJson one JSON object a line (for machines) instead of plain text (for a terminal)
 * @param write gets each finished line, its line feed included; it must not throw
 * @param fixed fields that go with every line, such as the worker's number
 */
export function createLogger(
  level: LogLevel,
  asJson: boolean,
  write: (line: string, severity: Severity) => void,
  fixed: LogFields = {},
): Logger {
  const least = logLevels.indexOf(level);
  const log =
    (at: LineLevel) =>
    (message: string, fields: LogFields = {}) => {
      if (logLevels.indexOf(at) < least) return;
      const time = new Date().toISOString();
      const all = { ...fixed, ...fields };
      const line = asJson
        ? JSON.stringify({ time, level: at, message, ...all })
        : plain(time, at, message, all);
      write(`${line}\n`, SEVERITIES[at]);
    };
  return { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') };
}

function plain(time: string, level: LogLevel, message: string, fields: LogFields): string {
  const details = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}=${typeof value === 'string' ? shown(value) : value}`);
  return `${time.slice(11, 23)} ${level.padEnd(5)} ${message}${details.join('')}`;
}

/** Quoted unless it is plain ASCII; escaped where a terminal would obey it (C0, DEL and C1 controls). */
const shown = (value: string): string =>
  /[^\x21-\x7e]|^$/.test(value)
    ? JSON.stringify(value).replace(/[\x7f-\x9f]/g, (c) => `\\u00${c.charCodeAt(0).toString(16)}`)
    : value;

/** A logger to this process's standard error. Lines that cannot be written are lost and counted. */
export function standardErrorLogger(level: LogLevel, fixed: LogFields = {}): Logger {
  const write = (line: string, severity: Severity) => standardError.write(line, severity);
  return createLogger(level, process.stderr.isTTY !== true, write, fixed);
}

/** Log lines of this process that could not be written: nobody reads them, or the disk is full. */
export const logLinesLost = (): number => standardError.lost;
