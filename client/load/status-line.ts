// Says how a run is going: one line that updates on a terminal, a line every 5 seconds elsewhere.
import type { LoadCounts } from './load-counts.js';

const PLAIN_EVERY_MS = 5_000;

/** One sample of the counts. */
interface Sample {
  readonly atMs: number;
  readonly counts: LoadCounts;
}

/** Keeps the samples of the last second, for rates, and writes. */
export class StatusLine {
  /** The most connections that were made within one second. */
  connectsPerSecondMax = 0;
  readonly #write: (text: string) => void;
  /** True to overwrite one line, false to write lines one below the other. */
  readonly #updates: boolean;
  #samples: Sample[];
  #writtenAtMs: number;

  /** @param startedAtMs of the same clock as the times of `add` */
  constructor(start: LoadCounts, startedAtMs: number, updates: boolean, write: (text: string) => void) {
    this.#samples = [{ atMs: startedAtMs, counts: start }];
    this.#writtenAtMs = startedAtMs;
    this.#updates = updates;
    this.#write = write;
  }

  /** Takes the counts of now in, and shows them when it is time. */
  add(counts: LoadCounts, atMs: number): void {
    this.#samples.push({ atMs, counts });
    while (this.#samples.length > 2 && atMs - this.#samples[1]!.atMs >= 1000) this.#samples.shift();
    const oldest = this.#samples[0]!;
    const connects = connectsOf(counts) - connectsOf(oldest.counts);
    const elapsedSeconds = Math.max(1, (atMs - oldest.atMs) / 1000);
    this.connectsPerSecondMax = Math.max(this.connectsPerSecondMax, Math.round(connects / elapsedSeconds));
    if (this.#updates) {
      this.#write(`\r\x1b[K${statusText(counts, oldest.counts, elapsedSeconds)}`);
    } else if (atMs - this.#writtenAtMs >= PLAIN_EVERY_MS) {
      this.#writtenAtMs = atMs;
      this.#write(`${statusText(counts, oldest.counts, elapsedSeconds)}\n`);
    }
  }

  /** Leaves the line, so that what follows begins below it. */
  end(): void {
    if (this.#updates) this.#write('\n');
  }
}

const connectsOf = (counts: LoadCounts): number => counts.made + counts.reconnects;

/** @param before the counts of `elapsedSeconds` ago */
export function statusText(counts: LoadCounts, before: LoadCounts, elapsedSeconds: number): string {
  const rate = (now: number, then: number): string => `${Math.round((now - then) / elapsedSeconds)}/s`;
  return (
    `connected ${counts.connected} (${rate(connectsOf(counts), connectsOf(before))}), ` +
    `connecting ${counts.connecting}, failed ${counts.failed}, closed ${counts.closed}, ` +
    `pings ${counts.pings} (${rate(counts.pings, before.pings)}), ` +
    `messages ${counts.messages} (${rate(counts.messages, before.messages)})`
  );
}
