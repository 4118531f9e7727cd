import { totalmem } from 'node:os';
import t from 'tap';
import { EMPTY_SUMS } from '../../../server/metrics/worker-report.js';
import { readUsage } from '../../../server/primary/usage.js';

t.test('the usage combines the reports of the workers with the state of the host', (t) => {
  const usage = readUsage({
    ...EMPTY_SUMS,
    gauges: { ...EMPTY_SUMS.gauges, connections: 5, openFds: 9, memoryBytes: 3e7, baseMemoryBytes: 2e7 },
  });
  t.match(usage, { connections: 5, openFds: 9, userBytes: 1e7 });
  t.ok(usage.memoryBytes > 0 && usage.memoryBytes <= totalmem());
  t.ok(usage.memoryAvailableBytes > 0 && usage.memoryAvailableBytes <= usage.memoryBytes);
  t.end();
});
