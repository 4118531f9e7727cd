// The limit of connections of a worker.

import { portCount } from '../command/option.js';
import { maxFds, noRoomForConnections, roomForConnections } from '../host/fd-limit.js';
import type { Logger } from '../logger.js';
import type { ServerOptions } from '../options/server-options.js';

/**
 * Returns the limit that the options set, but never more than the file descriptors of this process allow.
 *
 * @throws {Error} with one line for the operator, if they allow no connection
 */
export function connectionsLimit(options: ServerOptions, logger: Logger): number {
  const listeners = portCount(options.ports) + portCount(options.tlsPorts);
  const fromFds = roomForConnections(maxFds(), listeners);
  if (fromFds < 1) throw new Error(noRoomForConnections(maxFds(), listeners));
  if (options.maxConnections === undefined) return fromFds;
  if (options.maxConnections > fromFds) {
    logger.warn('--max-connections is more than the limit of open files allows', {
      maxConnections: options.maxConnections,
      limit: fromFds,
      maxFds: maxFds(),
    });
  }
  return Math.min(options.maxConnections, fromFds);
}
