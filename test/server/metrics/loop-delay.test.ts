import { Registry } from 'prom-client';
import t from 'tap';
import { LoopDelay } from '../../../server/metrics/loop-delay.js';
import { collectProcessMetrics } from '../../../server/metrics/process-metrics.js';

const registry = new Registry();
const delay = new LoopDelay();
collectProcessMetrics(registry, delay);

const figures = ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'];

/** The figures of a scrape, in milliseconds. */
async function scrape(): Promise<Record<string, number>> {
  const text = await registry.metrics();
  const value = (figure: string) =>
    1000 * Number(new RegExp(`^nodejs_eventloop_lag_${figure}_seconds (.*)$`, 'm').exec(text)?.[1]);
  return Object.fromEntries(figures.map((figure) => [figure, value(figure)]));
}

t.test("the default metrics report the delays since the last scrape under prom-client's names", async (t) => {
  for (let i = 0; i < 98; i++) delay.observe(2);
  delay.observe(50);
  delay.observe(0);
  const { min, max, mean, p50, p90, p99 } = await scrape();
  t.equal(min, 0.001, 'whole microseconds, at least 1');
  const about = (value: number, expected: number) => Math.abs(value - expected) <= expected / 100;
  t.ok(about(max!, 50), `${max}`);
  t.ok(about(mean!, 2.46), `${mean}`);
  for (const [value, expected] of [
    [p50, 2],
    [p90, 2],
    [p99, 2],
  ]) {
    t.ok(about(value!, expected!), `${value}`);
  }
  t.same(await scrape(), Object.fromEntries(figures.map((figure) => [figure, 0])), 'a scrape resets them');
});

t.test('the longest delay of several processes counts', async (t) => {
  const aggregators = (await registry.getMetricsAsJSON())
    .filter(({ name }) => /^nodejs_eventloop_lag_m\w+_seconds$/.test(name))
    .map(({ name, aggregator }) => [name.split('_')[3], aggregator]);
  t.same(Object.fromEntries(aggregators), { min: 'min', max: 'max', mean: 'average' });
});

t.test('a process without a timer to report on can watch one of its own', async (t) => {
  delay.watch(10);
  const untilMs = performance.now() + 2000;
  let max = 0;
  while (max < 40 && performance.now() < untilMs) {
    await new Promise((resolve) => setTimeout(resolve, 15));
    const blockedUntilMs = performance.now() + 60;
    while (performance.now() < blockedUntilMs);
    await new Promise((resolve) => setTimeout(resolve, 15));
    max = (await scrape())['max']!;
  }
  t.ok(max >= 40, `a loop that was blocked for 60 ms shows ${max} ms`);
});
