// Logs lines to standard error for the operator: plain text on a terminal, else JSON.
import { type Severity, standardError } from './command/standard-error.js';

/** Levels, from the least to the most severe; `silent` logs nothing. */
export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** The levels that a line can have. */
type LineLevel = Exclude<LogLevel, 'silent'>;

const SEVERITIES: Readonly<Record<LineLevel, Severity>> = { debug: 7, info: 6, warn: 4, error: 3 };

/** The fields of a log line: small values with units in their names, never a secret or unescaped client data. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>> & {
  /** Names that every line already has. */
  readonly [name in 'time' | 'level' | 'message']?: never;
};

/** Writes one line per call if its level is enabled. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/**
 * @param level the least severe level that is written
 * @param asJson whether to write one JSON object per line instead of plain text
 * @param write takes each finished line, including its line feed; must not throw
 * @param fixed fields of every line, such as the worker's number
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

/** Quotes a value unless it is plain ASCII, and escapes what a terminal would interpret (C0, DEL and C1 controls). */
const shown = (value: string): string =>
  /[^\x21-\x7e]|^$/.test(value)
    ? JSON.stringify(value).replace(/[\x7f-\x9f]/g, (c) => `\\u00${c.charCodeAt(0).toString(16)}`)
    : value;

/** Creates a logger on this process's standard error. Lines that cannot be written are lost and counted. */
export function standardErrorLogger(level: LogLevel, fixed: LogFields = {}): Logger {
  const write = (line: string, severity: Severity) => standardError.write(line, severity);
  return createLogger(level, process.stderr.isTTY !== true, write, fixed);
}

/** Log lines of this process that could not be written, because nobody reads them or the disk is full. */
export const logLinesLost = (): number => standardError.lost;
