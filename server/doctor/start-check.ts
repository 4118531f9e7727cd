// Checks the host at the start of the server: logs one warning, or ends the start before anything is opened.
import { noRoomForConnections } from '../host/fd-limit.js';
import { liveHost } from '../host/host.js';
import type { Logger } from '../logger.js';
import type { ServerOptions } from '../options/server-options.js';
import { checkHost, connectionsByFiles, DEFAULT_CONNECTIONS, hardLimit, listenersOf } from './host-checks.js';
import type { Row } from './setting-check.js';

/**
 * Checks the host for the connections that the options allow: --workers times --max-connections or, without that flag,
 * what the limit of open files allows, up to 1,000,000. It only reads a few small files of /proc.
 *
 * @returns the rows that fall short, in the order in which to fix them
 */
export function shortfalls(options: ServerOptions, host = liveHost()): Row[] {
  const maxConnections = options.maxConnections ?? connectionsByFiles(host, options);
  const most = options.maxConnections === undefined ? DEFAULT_CONNECTIONS : Number.POSITIVE_INFINITY;
  const connections = Math.max(1, Math.min(most, options.workers * maxConnections));
  return checkHost(host, { ...options, maxConnections }, connections).filter((row) => row.status === 'short');
}

/**
 * Logs one warning if the host falls short.
 *
 * @throws {Error} with one line for the operator if the limit of open files leaves no room for a single connection
 */
export function checkAtStart(options: ServerOptions, logger: Logger, host = liveHost()): void {
  if (connectionsByFiles(host, options) < 1) {
    throw new Error(noRoomForConnections(hardLimit(host), listenersOf(options)));
  }
  const rows = shortfalls(options, host);
  if (rows.length === 0) return;
  logger.warn('this host falls short; for the fixes, run 10m-server doctor with the same flags', {
    shortfalls: rows.length,
    checks: rows.map(({ check }) => check).join(', '),
  });
}
