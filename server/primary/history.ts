// The last hour of the status page's charts, so that the page still shows an incident when it is opened later.
import type { Tally } from '../metrics/worker-report.js';
import { INSTANCE } from './snapshot.js';
import { NO_TALLY, type Tallies } from './tallies.js';
import type { WorkerHandle } from './worker-handle.js';

export const SECONDS_PER_POINT = 5;
/** An hour, in 40,320 bytes. */
const POINTS = 720;
/** A time and six values. */
const FIELDS = 7;

/**
 * The time (milliseconds since 1970), the connections, then rates per second: connections opened, connections closed,
 * messages received from the broker, messages delivered, pings. Only the time if a worker did not report its tally.
 */
export type HistoryPoint = readonly number[];

/** The history, for JSON. */
export interface HistoryReport {
  /** See {@link Snapshot.instance}. */
  readonly instance: string;
  /** Oldest first. */
  readonly points: readonly HistoryPoint[];
}

/** The sources of a point. */
export interface HistoryParts {
  readonly tallies: Pick<Tallies, 'total'>;
  readonly workers: () => readonly Pick<WorkerHandle, 'state' | 'silentS' | 'broker'>[];
}

/** A ring of points. It costs no questions: the workers send their tallies with each sign of life. */
export class History {
  readonly #parts: HistoryParts;
  readonly #ring = new Float64Array(POINTS * FIELDS);
  #added = 0;
  #beats = 0;
  /** The newest point that has values. */
  #last: { readonly atMs: number; readonly tally: Tally };

  /** @param nowMs the present time on the clock of {@link beat}, when all counters are 0 */
  constructor(parts: HistoryParts, nowMs = performance.now()) {
    this.#parts = parts;
    this.#last = { atMs: nowMs, tally: NO_TALLY };
  }

  /** Must be called once a second. */
  beat(nowMs = performance.now()): void {
    if (++this.#beats % SECONDS_PER_POINT !== 0) return;
    const at = (this.#added % POINTS) * FIELDS;
    this.#added++;
    this.#ring.fill(Number.NaN, at, at + FIELDS);
    this.#ring[at] = nowMs;
    const workers = this.#parts.workers();
    if (workers.some(({ state, silentS }) => state !== 'starting' && silentS > SECONDS_PER_POINT)) return;
    const { atMs, tally: before } = this.#last;
    const now = this.#parts.tallies.total;
    this.#last = { atMs: nowMs, tally: now };
    const rate = (count: keyof Tally, copies = 1) =>
      perSecond((now[count] - before[count]) / copies, nowMs - atMs);
    // Each worker that is connected to the broker receives every message.
    const connected = workers.filter(({ broker }) => broker.isConnected).length;
    const values = [
      now.opened - now.closed,
      rate('opened'),
      rate('closed'),
      rate('messagesReceived', Math.max(1, connected)),
      rate('messagesDelivered'),
      rate('pingsSent'),
    ];
    this.#ring.set(values, at + 1);
  }

  /**
   * Returns the points, with times on the present wall clock, even if that was changed in between.
   *
   * @param nowMs the present time on the clock of {@link beat}
   * @param timeMs the same moment in milliseconds since 1970
   */
  report(nowMs = performance.now(), timeMs = Date.now()): HistoryReport {
    const points: HistoryPoint[] = [];
    for (let i = Math.max(0, this.#added - POINTS); i < this.#added; i++) {
      const at = (i % POINTS) * FIELDS;
      const [atMs, ...values] = this.#ring.subarray(at, at + FIELDS);
      points.push([Math.round(timeMs - nowMs + atMs!), ...values.filter((value) => !Number.isNaN(value))]);
    }
    return { instance: INSTANCE, points };
  }
}

/** Rounds to a tenth. Never below 0, though the sums lack the last counts of a killed worker. */
const perSecond = (count: number, elapsedMs: number): number =>
  Math.max(0, Math.round((10_000 * count) / Math.max(1, elapsedMs)) / 10);
