// prom-client's default metrics of a process, at the price of a mostly idle one with many sockets.
import { collectDefaultMetrics, Gauge, type Registry } from 'prom-client';
import { openFds } from '../host/fd-limit.js';
import type { LoopDelay } from './loop-delay.js';

/** prom-client cannot be told not to sample the event loop's delay; this is 25 days. */
const NEVER_MS = 2 ** 31 - 1;

/**
 * Registers the default metrics, with an own count of fds: theirs lists a folder with an entry per connection.
 *
 * @param loopDelay tells the delays of the event loop
 */
export function collectProcessMetrics(register: Registry, loopDelay: LoopDelay): void {
  collectDefaultMetrics({ register, eventLoopMonitoringPrecision: NEVER_MS });
  loopDelay.register(register);
  const name = 'process_open_fds';
  register.removeSingleMetric(name);
  new Gauge({
    name,
    help: 'Number of open file descriptors.',
    registers: [register],
    collect() {
      this.set(openFds());
    },
  });
}
