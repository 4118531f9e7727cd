// prom-client's default metrics of a process, made cheap for a mostly idle process with many sockets.
import { collectDefaultMetrics, Gauge, type Registry } from 'prom-client';
import { openFds } from '../host/fd-limit.js';
import type { LoopDelay } from './loop-delay.js';

/** 25 days, since prom-client's sampling of the event loop delay cannot be turned off. */
const NEVER_MS = 2 ** 31 - 1;

/**
 * Registers the default metrics with another count of open fds: prom-client lists a folder with an entry per connection.
 *
 * @param loopDelay holds the delays of the event loop
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
