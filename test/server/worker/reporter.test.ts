import t from 'tap';
import { Counters } from '../../../server/worker/counters.js';
import { Reporter } from '../../../server/worker/reporter.js';

const reporter = new Reporter({
  counters: new Counters(),
  connections: { size: 7, slowReaders: { stalled: 2 } as never },
  fanOut: { channels: 3 },
  events: { isConnected: true },
  socketsLimit: 100,
});

t.test('a report holds what the stages know, and what this process uses', async (t) => {
  const { gauges, counters, process } = await reporter.report(false);
  t.match(gauges, { connections: 7, stalled: 2, channels: 3, connectionsLimit: 100, brokerConnected: 1 });
  t.ok(gauges.openFds > 0 && gauges.openFds < gauges.maxFds);
  t.ok(gauges.memoryBytes > 1e6);
  t.ok(counters.cpuSeconds > 0);
  t.equal(process, undefined, 'the metrics of the process are for scrapes');
});

t.test('a scrape gets the default metrics of the process too', async (t) => {
  const { process } = await reporter.report(true);
  t.ok(process!.some(({ name }) => name === 'process_cpu_seconds_total'));
});

t.test('the memory at the start is the least of what was seen around it', async (t) => {
  await new Promise((resolve) => setImmediate(resolve));
  const { gauges } = await reporter.report(false);
  t.ok(gauges.baseMemoryBytes > 0 && gauges.baseMemoryBytes <= gauges.memoryBytes);
});
