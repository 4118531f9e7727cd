// A logger that keeps its lines.
import { createLogger, type Logger } from '../../server/logger.js';

export interface LoggedLine {
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

/** Everything that is said, `debug` too. */
export function keptLog(): { readonly logger: Logger; readonly lines: LoggedLine[] } {
  const lines: LoggedLine[] = [];
  return { logger: createLogger('debug', true, (line) => lines.push(JSON.parse(line) as LoggedLine)), lines };
}
