// The result of a run: the object of `--json`, and the same as text.
import type { LatencyHistogram } from './latency-histogram.js';
import type { LoadCounts } from './load-counts.js';

/** The `--json` summary: one line, the last on standard output. A field is null where nothing was measured for it. */
export interface LoadSummary {
  /** The first URL's host and port, `ws://HOST:PORT`. */
  readonly target: string;
  /** Connections asked for. */
  readonly connections: number;
  /** Connections that were open when the run ended. */
  readonly connected: number;
  /** The most connections that were open at once, as seen every 250 ms. */
  readonly peakConnected: number;
  /** Attempts that failed; with `--reconnect` one connection can fail several times. */
  readonly failed: number;
  /**
   * Connections that were not closed by this client, including the ones that were found dead. With `--reconnect`, a
   * connection that was closed with 1001, 1012 or 1013 does not count if it was open again before the end.
   */
  readonly lost: number;
  /** How many times a connection was opened again. */
  readonly reconnects: number;
  /** The connections that were not closed by this client, by close code; 1006 is an end without a close frame. */
  readonly closedByCode: Readonly<Record<string, number>>;
  /** Empty text messages and ping frames. */
  readonly pings: number;
  /** Time between two pings to the same connection, seconds, over all connections. The median is within 0.8 %. */
  readonly pingGapSeconds: { readonly min: number; readonly p50: number; readonly max: number } | null;
  /** Connections that were open and were never pinged. */
  readonly neverPinged: number;
  /** Messages other than empty text messages. */
  readonly messages: number;
  /** Their payloads, bytes. */
  readonly bytes: number;
  /** From the time in a message to its arrival, milliseconds, over the messages that carry one. */
  readonly latencyMs: {
    readonly count: number;
    readonly p50: number | null;
    readonly p99: number | null;
    readonly max: number | null;
  };
  /** From the start until the latest connection was first open, seconds. */
  readonly connectSeconds: number | null;
  /** The most connections that were opened within one second. */
  readonly connectsPerSecondMax: number;
  /** From the start until everything was told to stop, seconds. */
  readonly durationSeconds: number;
  /** Why attempts failed and connections broke, each with its count: `ECONNREFUSED`, `HTTP 503`, `idle timeout`, … */
  readonly failures: Readonly<Record<string, number>>;
}

/** What a summary is made from. Times are in milliseconds since 1970. */
export interface LoadResult {
  readonly target: string;
  readonly connections: number;
  readonly counts: LoadCounts;
  readonly latency: LatencyHistogram;
  readonly pingGaps: LatencyHistogram;
  readonly connectsPerSecondMax: number;
  readonly startedAtMs: number;
  readonly stoppedAtMs: number;
}

export function summarize(result: LoadResult): LoadSummary {
  const { counts, latency, pingGaps } = result;
  return {
    target: result.target,
    connections: result.connections,
    connected: counts.connected,
    peakConnected: counts.peakConnected,
    failed: counts.failed,
    lost: counts.lost,
    reconnects: counts.reconnects,
    closedByCode: counts.closedByCode,
    pings: counts.pings,
    pingGapSeconds:
      pingGaps.count === 0
        ? null
        : {
            min: seconds(pingGaps.minMs!),
            p50: seconds(pingGaps.percentileMs(0.5)!),
            max: seconds(pingGaps.maxMs!),
          },
    neverPinged: counts.made - counts.pinged,
    messages: counts.messages,
    bytes: counts.bytes,
    latencyMs: {
      count: latency.count,
      p50: thousandths(latency.percentileMs(0.5)),
      p99: thousandths(latency.percentileMs(0.99)),
      max: thousandths(latency.maxMs),
    },
    connectSeconds:
      counts.lastMadeAtMs === 0 ? null : seconds(Math.max(0, counts.lastMadeAtMs - result.startedAtMs)),
    connectsPerSecondMax: result.connectsPerSecondMax,
    durationSeconds: seconds(result.stoppedAtMs - result.startedAtMs),
    failures: counts.failures,
  };
}

/** The summary for a person. */
export function summaryText(summary: LoadSummary): string {
  const { pingGapSeconds: gap, latencyMs: latency } = summary;
  const lines: [name: string, value: string][] = [
    ['target', summary.target],
    [
      'connections',
      `${summary.connected} of ${summary.connections} at the end, ${summary.peakConnected} at most, ` +
        `${summary.failed} failed, ${summary.lost} lost, ${summary.reconnects} reconnected`,
    ],
    [
      'connecting',
      `${summary.connectSeconds ?? '-'} s until the last was open, at most ${summary.connectsPerSecondMax}/s`,
    ],
    [
      'pings',
      `${summary.pings}, ${summary.neverPinged} connections never pinged` +
        (gap === null ? '' : `, gaps ${gap.min} s min, ${gap.p50} s p50, ${gap.max} s max`),
    ],
    ['messages', `${summary.messages}, ${summary.bytes} bytes`],
    [
      'latency',
      latency.count === 0
        ? '- (no message carried a time)'
        : `${latency.p50} ms p50, ${latency.p99} ms p99, ${latency.max} ms max, over ${latency.count}`,
    ],
    ['closed by', tally(summary.closedByCode)],
    ['failures', tally(summary.failures)],
    ['duration', `${summary.durationSeconds} s`],
  ];
  return lines.map(([name, value]) => `${name.padEnd(12)} ${value}`).join('\n');
}

const tally = (record: Readonly<Record<string, number>>): string =>
  Object.entries(record)
    .map(([name, count]) => `${name}: ${count}`)
    .join(', ') || 'none';

const seconds = (ms: number): number => Math.round(ms) / 1000;

const thousandths = (value: number | undefined): number | null =>
  value === undefined ? null : Math.round(value * 1000) / 1000;
