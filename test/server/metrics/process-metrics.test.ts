import { closeSync, openSync } from 'node:fs';
import { Registry } from 'prom-client';
import t from 'tap';
import { LoopDelay } from '../../../server/metrics/loop-delay.js';
import { collectProcessMetrics } from '../../../server/metrics/process-metrics.js';

const registry = new Registry();
collectProcessMetrics(registry, new LoopDelay());

t.test("prom-client's default metrics are registered", async (t) => {
  const names = (await registry.getMetricsAsJSON()).map(({ name }) => name);
  for (const name of [
    'process_cpu_seconds_total',
    'process_resident_memory_bytes',
    'process_start_time_seconds',
    'process_open_fds',
    'nodejs_eventloop_lag_p99_seconds',
    'nodejs_heap_size_used_bytes',
    'nodejs_version_info',
  ]) {
    t.equal(names.filter((other) => other === name).length, 1, name);
  }
});

t.test(
  'open file descriptors are counted at each scrape',
  { skip: process.platform !== 'linux' },
  async (t) => {
    const count = async () => {
      const metric = await registry.getSingleMetric('process_open_fds')!.get();
      return metric.values[0]!.value;
    };
    const before = await count();
    const opened = Array.from({ length: 10 }, () => openSync('/dev/null', 'r'));
    t.equal(await count(), before + 10);
    for (const fd of opened) closeSync(fd);
  },
);
