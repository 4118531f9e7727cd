// The last hour of what the status page's charts show, so that whoever opens the page after an incident still sees it.
import { INSTANCE, type Snapshot } from './snapshot.js';

/** A point comes with every fifth beat, and costs one collection of all workers. */
export const BEATS_PER_POINT = 5;
/** An hour: 40,320 bytes in all. */
const POINTS = 720;
/** A time and six values. */
const FIELDS = 7;

/**
 * A time (milliseconds since 1970), the connections, then per second: connections opened, connections closed, messages
 * received from the broker, messages delivered, pings. Without values where a worker did not answer.
 */
export type HistoryPoint = readonly number[];

/** The history, for JSON. */
export interface HistoryReport {
  /** See {@link Snapshot.instance}. */
  readonly instance: string;
  /** Oldest first. */
  readonly points: readonly HistoryPoint[];
}

/** A ring of points, filled to the beat of the probes. */
export class History {
  readonly #collect: () => Promise<Snapshot>;
  readonly #failed: (error: Error) => void;
  readonly #ring = new Float64Array(POINTS * FIELDS);
  #added = 0;
  /** The counters at the newest point that had every worker's answer. */
  #last: { readonly atMs: number; readonly counts: readonly number[] };
  #beats = 0;

  /**
   * @param collect makes a snapshot
   * @param failed gets what a collection threw; the next one is tried all the same
   * @param nowMs of the clock that points are added by; the counters are 0 now
   */
  constructor(collect: () => Promise<Snapshot>, failed: (error: Error) => void, nowMs = performance.now()) {
    this.#collect = collect;
    this.#failed = failed;
    this.#last = { atMs: nowMs, counts: [0, 0, 0, 0, 0] };
  }

  /** To be called each second, in a turn of the loop that wakes the workers anyway. */
  beat(): void {
    if (++this.#beats % BEATS_PER_POINT !== 0) return;
    this.#collect().then((snapshot) => this.add(snapshot, performance.now()), this.#failed);
  }

  /**
   * Adds a point. The rates are those since the last point that had every worker's answer.
   *
   * @param nowMs of a monotonic clock
   */
  add(snapshot: Snapshot, nowMs: number): void {
    const at = (this.#added % POINTS) * FIELDS;
    this.#added++;
    this.#ring.fill(Number.NaN, at, at + FIELDS);
    this.#ring[at] = nowMs;
    if (snapshot.workersMissing > 0) return;
    const counts = countsOf(snapshot);
    const last = this.#last;
    this.#last = { atMs: nowMs, counts };
    this.#ring[at + 1] = snapshot.connections;
    // Each worker that hears the broker receives every message.
    const hearing = snapshot.workers.filter(({ broker }) => broker.isConnected).length;
    for (const [i, count] of counts.entries()) {
      const copies = i === RECEIVED ? Math.max(1, hearing) : 1;
      this.#ring[at + 2 + i] = perSecond((count - last.counts[i]!) / copies, nowMs - last.atMs);
    }
  }

  /**
   * The points so far, at the times that the wall clock of now gives them, however it was set meanwhile.
   *
   * @param nowMs of the clock that the points were added by
   * @param timeMs the same moment, since 1970
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

/** In the order of a point. */
const countsOf = ({ opened, closed, messages, pings }: Snapshot): readonly number[] => [
  opened,
  Object.values(closed).reduce((sum, count) => sum + count, 0),
  messages.received,
  messages.delivered,
  pings,
];
const RECEIVED = 2;

/** To a tenth; never below 0, though the sums lack what a killed worker did not live to report. */
const perSecond = (count: number, elapsedMs: number): number =>
  Math.max(0, Math.round((10_000 * count) / Math.max(1, elapsedMs)) / 10);
