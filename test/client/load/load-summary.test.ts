import t from 'tap';
import { LatencyHistogram } from '../../../client/load/latency-histogram.js';
import { noCounts } from '../../../client/load/load-counts.js';
import { type LoadResult, summarize, summaryText } from '../../../client/load/load-summary.js';

const result = (changes: Partial<LoadResult> = {}): LoadResult => ({
  target: 'ws://h:10000',
  connections: 3,
  counts: { ...noCounts(), made: 3, connected: 2, peakConnected: 3, lost: 1, pinged: 1, lastMadeAtMs: 2500 },
  latency: new LatencyHistogram(),
  pingGaps: new LatencyHistogram(),
  connectsPerSecondMax: 3,
  startedAtMs: 1000,
  stoppedAtMs: 11_000,
  ...changes,
});

t.test('what was not measured is null, and - for a person', async (t) => {
  const summary = summarize(result());
  t.match(summary, {
    connected: 2,
    lost: 1,
    neverPinged: 2,
    connectSeconds: 1.5,
    durationSeconds: 10,
    pingGapSeconds: null,
    latencyMs: { count: 0, p50: null, p99: null, max: null },
  });
  const text = summaryText(summary);
  t.match(text, /^connections +2 of 3 at the end, 3 at most, 0 failed, 1 lost, 0 reconnected$/m);
  t.match(text, /^latency +- \(no message carried a time\)$/m);
  t.match(text, /^closed by +none$/m);
  const nothing = summarize(result({ counts: noCounts() }));
  t.equal(nothing.connectSeconds, null);
  t.match(summaryText(nothing), /^connecting +- s until the last was open/m);
});

t.test('what was measured', async (t) => {
  const latency = new LatencyHistogram();
  const pingGaps = new LatencyHistogram();
  for (const ms of [1, 2, 3]) latency.record(ms);
  for (const ms of [1000, 3000]) pingGaps.record(ms);
  const counts = { ...noCounts(), closedByCode: { 1001: 2, 1006: 1 }, failures: { ECONNRESET: 1 } };
  const text = summaryText(summarize(result({ latency, pingGaps, counts })));
  t.match(text, /^latency +2(\.\d+)? ms p50, 3 ms p99, 3 ms max, over 3$/m);
  t.match(text, /gaps 1 s min, 1(\.\d+)? s p50, 3 s max$/m);
  t.match(text, /^closed by +1001: 2, 1006: 1$/m);
  t.match(text, /^failures +ECONNRESET: 1$/m);
});
