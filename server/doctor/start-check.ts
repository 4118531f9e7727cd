// What the server says of its host at start: one line, or an end before anything is opened.
import { noRoomForConnections } from '../host/fd-limit.js';
import { liveHost } from '../host/host.js';
import type { Logger } from '../logger.js';
import type { ServerOptions } from '../options/server-options.js';
import { checkHost, connectionsByFiles, DEFAULT_CONNECTIONS, hardLimit, listenersOf } from './host-checks.js';
import type { Row } from './setting-check.js';

/**
 * Holds the host against what these options let in: --workers times --max-connections, or, without that, as much as the
 * limit of open files allows, up to 1,000,000. It takes no network and no time: a handful of small reads of /proc.
 *
 * @returns the rows that fall short, the first obstacle first
 */
export function shortfalls(options: ServerOptions, host = liveHost()): Row[] {
  const maxConnections = options.maxConnections ?? connectionsByFiles(host, options);
  const most = options.maxConnections === undefined ? DEFAULT_CONNECTIONS : Number.POSITIVE_INFINITY;
  const connections = Math.max(1, Math.min(most, options.workers * maxConnections));
  return checkHost(host, { ...options, maxConnections }, connections).filter((row) => row.status === 'short');
}

/**
 * Logs one warning where the host falls short.
 *
 * @throws {Error} with one line for the operator where the limit of open files leaves no room for a single connection
 */
export function checkAtStart(options: ServerOptions, logger: Logger, host = liveHost()): void {
  if (connectionsByFiles(host, options) < 1) {
    throw new Error(noRoomForConnections(hardLimit(host), listenersOf(options)));
  }
  const rows = shortfalls(options, host);
  if (rows.length === 0) return;
  logger.warn('this host falls short; 10m-server doctor, given the same flags, says what mends it', {
    shortfalls: rows.length,
    checks: rows.map(({ check }) => check).join(', '),
  });
}
