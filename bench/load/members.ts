// Connections that are made once and stay open; their messages and pings are timed.
import type { Connection } from '../../client/connection/connection.js';
import { LatencyHistogram } from '../../client/load/latency-histogram.js';
import type { LoadTask } from '../../client/load/load-plan.js';
import { LoadWorker } from '../../client/load/load-worker.js';
import { nowMs, readStamp, type Stamp } from '../stamp.js';
import { PingLag } from './ping-lag.js';

/** The worker of the load client, which also times messages and pings from one `take` to the next. */
export class Members extends LoadWorker {
  messageLatency = new LatencyHistogram();
  lastMessageAtMs = 0;
  readonly pingLag: PingLag | undefined;
  readonly #stamp: Stamp = { publishedAtMs: 0, number: 0 };

  /** @param pingIntervalMs of the server; 0 where pings are not timed */
  constructor(task: LoadTask, pingIntervalMs: number) {
    super(task, () => {});
    this.pingLag = pingIntervalMs === 0 ? undefined : new PingLag(task.count, pingIntervalMs);
  }

  override onPing(connection: Connection): void {
    super.onPing(connection);
    this.pingLag?.onPing(connection.id, performance.now());
  }

  override onMessage(connection: Connection, payload: Buffer, isBinary: boolean): void {
    if (payload.length === 0) {
      super.onMessage(connection, payload, isBinary);
      return;
    }
    const now = nowMs();
    this.counts.messages++;
    this.counts.bytes += payload.length;
    this.lastMessageAtMs = now;
    if (readStamp(payload, this.#stamp)) this.messageLatency.record(now - this.#stamp.publishedAtMs);
  }
}
