// Says how a run is going, in one line that fits the terminal.
import { type LineStream, LiveLine } from '../live-line.js';
import type { LoadCounts } from './load-counts.js';

/** One sample of the counts. */
interface Sample {
  readonly atMs: number;
  readonly counts: LoadCounts;
}

/** Keeps the samples of the last second, for rates, and writes. */
export class StatusLine {
  /** The most connections that were made within one second. */
  connectsPerSecondMax = 0;
  readonly #line: LiveLine;
  #samples: Sample[];

  /**
   * @param startedAtMs of the same clock as the times of `add`
   * @param updates true to overwrite one line where the stream is a terminal
   */
  constructor(start: LoadCounts, startedAtMs: number, updates: boolean, stream: LineStream) {
    this.#samples = [{ atMs: startedAtMs, counts: start }];
    this.#line = new LiveLine(stream, updates, startedAtMs);
  }

  /** Takes the counts of now in, and shows them when it is time. */
  add(counts: LoadCounts, atMs: number): void {
    this.#samples.push({ atMs, counts });
    while (this.#samples.length > 2 && atMs - this.#samples[1]!.atMs >= 1000) this.#samples.shift();
    const oldest = this.#samples[0]!;
    const connects = connectsOf(counts) - connectsOf(oldest.counts);
    const elapsedSeconds = Math.max(1, (atMs - oldest.atMs) / 1000);
    this.connectsPerSecondMax = Math.max(this.connectsPerSecondMax, Math.round(connects / elapsedSeconds));
    this.#line.show((columns) => statusText(counts, oldest.counts, elapsedSeconds, columns), atMs);
  }

  /** Leaves the line, so that what follows begins below it. */
  end(): void {
    this.#line.leave();
  }
}

const connectsOf = (counts: LoadCounts): number => counts.made + counts.reconnects;

/** A count, and how much of it each second brings where that is told. */
type StatusPart = readonly [name: string, count: number, perSecond?: number | undefined];

/**
 * The status in at most `columns` characters where that can be: without the rates that are 0, else also without the counts
 * that are 0.
 *
 * @param before the counts of `elapsedSeconds` ago
 */
export function statusText(
  counts: LoadCounts,
  before: LoadCounts,
  elapsedSeconds: number,
  columns: number,
): string {
  const rate = (now: number, then: number): number => Math.round((now - then) / elapsedSeconds);
  const parts: StatusPart[] = [
    ['connected', counts.connected, rate(connectsOf(counts), connectsOf(before))],
    ['connecting', counts.connecting],
    ['failed', counts.failed],
    ['closed', counts.closed],
    ['pings', counts.pings, rate(counts.pings, before.pings)],
    ['messages', counts.messages, rate(counts.messages, before.messages)],
  ];
  const moving = parts.map(([name, count, perSecond]): StatusPart => [name, count, perSecond || undefined]);
  const some = moving.filter(([, count], i) => i === 0 || count !== 0);
  const texts = [parts, moving, some].map(textOf);
  return texts.find((text) => text.length <= columns) ?? texts.at(-1)!;
}

const textOf = (parts: readonly StatusPart[]): string =>
  parts
    .map(
      ([name, count, perSecond]) => `${name} ${count}${perSecond === undefined ? '' : ` (${perSecond}/s)`}`,
    )
    .join(', ');
