// What is told of each worker apart, with its number as a label: skew shows here, and nowhere in the sums.
import { Counter, Gauge, type Registry } from 'prom-client';
import { collectGarbage, ownMemoryBytes } from '../host/own-memory.js';

/** Within it come few connections, and most of what was collected is given back. */
const SETTLING_MS = 500;

/** Values of a worker that are read when the metrics are collected. */
export interface WorkerValues {
  connections(): number;
  isBrokerConnected(): boolean;
  messagesDelivered(): number;
  pingsSent(): number;
}

/**
 * Registers the metrics of one worker.
 *
 * @param number of the worker: the value of the label `worker`, so that a replacement goes on where the dead one ended
 */
export function describeWorker(register: Registry, number: number, values: WorkerValues): void {
  const worker = String(number);
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name: `tenm_worker_${name}`,
      help,
      labelNames: ['worker'],
      registers: [register],
      collect() {
        this.set({ worker }, read());
      },
    });
  const counter = (name: string, help: string, read: () => number) =>
    new Counter({
      name: `tenm_worker_${name}`,
      help,
      labelNames: ['worker'],
      registers: [register],
      collect() {
        this.reset();
        this.inc({ worker }, read());
      },
    });

  gauge('connections', 'Open connections of each worker.', () => values.connections());
  gauge('broker_connected', 'Whether each worker hears the broker: 1 or 0.', () =>
    values.isBrokerConnected() ? 1 : 0,
  );
  gauge(
    'memory_bytes',
    'Memory of each worker that it shares with no other process (RssAnon).',
    ownMemoryBytes,
  );
  let baseBytes = Number.POSITIVE_INFINITY;
  const readBase = () => {
    baseBytes = Math.min(baseBytes, ownMemoryBytes());
  };
  // After this turn of the loop the worker is built and listens; V8 gives the memory back a moment after the collection.
  setImmediate(() => {
    collectGarbage();
    readBase();
    setTimeout(readBase, SETTLING_MS).unref();
  });
  gauge('base_memory_bytes', 'The same at its start, before its connections.', () => baseBytes);
  counter('cpu_seconds_total', 'User and system CPU time of each worker.', () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  counter('messages_delivered_total', 'Messages from each worker to its connections, one for each.', () =>
    values.messagesDelivered(),
  );
  counter('pings_sent_total', 'Pings of each worker to its connections.', () => values.pingsSent());
}
