// What is told of each worker apart, with its number as a label: skew shows here, and nowhere in the sums.
import { Counter, Gauge, type Registry } from 'prom-client';
import { collectGarbage, ownMemoryBytes } from './own-memory.js';

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
  let leastBytes = Number.POSITIVE_INFINITY;
  const readMemory = (): number => {
    const bytes = ownMemoryBytes();
    leastBytes = Math.min(leastBytes, bytes);
    return bytes;
  };
  // After this turn of the loop the worker is built and listens; V8 gives the memory back a moment after the collection.
  setImmediate(() => {
    collectGarbage();
    readMemory();
    setTimeout(readMemory, SETTLING_MS).unref();
  });
  gauge('memory_bytes', 'Memory of each worker that it shares with no other process (RssAnon).', readMemory);
  gauge(
    'base_memory_bytes',
    'The least of it that was seen: what a worker takes without connections.',
    () => leastBytes,
  );
  counter('cpu_seconds_total', 'User and system CPU time of each worker.', () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  counter('messages_delivered_total', 'Messages from each worker to its connections, one for each.', () =>
    values.messagesDelivered(),
  );
  counter('pings_sent_total', 'Pings of each worker to its connections.', () => values.pingsSent());
}
