// prom-client's default metrics of a process, at the price of a mostly idle one with many sockets.
import { collectDefaultMetrics, Gauge, type Registry } from 'prom-client';
import { openFds } from './fd-limit.js';

/** Resolution of the event loop's delay, in milliseconds: each sample wakes an idle process up. */
export const LOOP_DELAY_RESOLUTION_MS = 100;

/** Registers the default metrics, with an own count of fds: theirs lists a folder with an entry per connection. */
export function collectProcessMetrics(register: Registry): void {
  collectDefaultMetrics({ register, eventLoopMonitoringPrecision: LOOP_DELAY_RESOLUTION_MS });
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
