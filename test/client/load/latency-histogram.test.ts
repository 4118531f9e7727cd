import t from 'tap';
import { LatencyHistogram } from '../../../client/load/latency-histogram.js';

t.test('nothing recorded', async (t) => {
  const histogram = new LatencyHistogram();
  t.same(
    [histogram.count, histogram.minMs, histogram.maxMs, histogram.percentileMs(0.5)],
    [0, undefined, undefined, undefined],
  );
});

t.test('percentiles are within 0.8 % or 0.01 ms, the extremes exact', async (t) => {
  const histogram = new LatencyHistogram();
  const values: number[] = [];
  for (let i = 0; i < 10_000; i++) values.push(1.0013 ** i / 100);
  for (const value of values) histogram.record(value);
  t.equal(histogram.count, values.length);
  t.equal(histogram.minMs, values[0]);
  t.equal(histogram.maxMs, values.at(-1));
  for (const p of [0.001, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999]) {
    const exact = values[Math.ceil(p * values.length) - 1]!;
    const error = Math.abs(histogram.percentileMs(p)! - exact);
    t.ok(error <= Math.max(0.01, exact * 0.008), `p${p}: ${exact} ± ${error}`);
  }
  t.ok(histogram.percentileMs(0)! <= values[0]! + 0.01);
  t.ok(histogram.percentileMs(1)! >= values.at(-1)! * 0.992);
});

t.test('odd durations', async (t) => {
  const histogram = new LatencyHistogram();
  histogram.record(-5);
  t.same([histogram.minMs, histogram.percentileMs(0.5)], [0, 0]);
  histogram.record(1e12);
  t.equal(histogram.maxMs, 1e12);
  t.equal(histogram.count, 2);
});

t.test('the merged are as if recorded in one', async (t) => {
  const one = new LatencyHistogram();
  const parts = [new LatencyHistogram(), new LatencyHistogram(), new LatencyHistogram()];
  for (let i = 0; i < 3000; i++) {
    one.record(i / 7);
    parts[i % 3]!.record(i / 7);
  }
  const merged = new LatencyHistogram();
  merged.merge(new LatencyHistogram().state);
  for (const part of parts) merged.merge(structuredClone(part.state));
  t.strictSame(merged.state, one.state);
});
