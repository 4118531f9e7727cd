import t from 'tap';
import { curveOf } from '../../bench/scenario.js';
import { scenarioNames, scenarios } from '../../bench/scenarios/index.js';
import { LatencyHistogram } from '../../client/load/latency-histogram.js';

t.test('the curve of a latency', async (t) => {
  t.same(curveOf('alone', new LatencyHistogram()), { name: 'alone', unit: 'ms', points: [] });
  const latency = new LatencyHistogram();
  for (let i = 1; i <= 1000; i++) latency.record(i / 10);
  const { points } = curveOf('alone', latency);
  t.same(points.at(-1), [1, 100]);
  t.ok(
    points.every(([, value], i) => i === 0 || value >= points[i - 1]![1]),
    'it never falls',
  );
});

t.test('the scenarios have names of their own, and figures with units', async (t) => {
  t.equal(new Set(scenarioNames).size, scenarios.length);
  for (const { name, figures, defaults } of scenarios) {
    for (const figure of Object.values(figures)) t.ok(figure.name !== '' && figure.unit !== '', name);
    t.ok(defaults.connections > 0 && defaults.workers > 0 && defaults.duration > 0, name);
  }
});
