// The pure parts: stamps, ledgers, lag, statistics, commands, texts.
import t from 'tap';
import { sumLedger } from '../../bench/ledger.js';
import { PingLag } from '../../bench/load/ping-lag.js';
import { metricTotal } from '../../bench/metrics-text.js';
import { compareText } from '../../bench/report/compare.js';
import { ratioOf, valueText } from '../../bench/report/table.js';
import type { Figure, Result } from '../../bench/result.js';
import { commandName, commandTemplate, fillTemplate, wantsRedis } from '../../bench/server-command.js';
import { readStamp, stampText } from '../../bench/stamp.js';
import { mean, percentile, spread } from '../../bench/statistics.js';
import { messageTimeMs } from '../../client/load/message-time.js';
import { alignFigures } from '../../server/command/text-table.js';

t.test('a stamp comes back, and the load client reads its time', async (t) => {
  const stamp = { publishedAtMs: 0, number: 0 };
  const payload = Buffer.from(stampText(1_700_000_000_123.456, 789));
  t.equal(readStamp(payload, stamp), true);
  t.strictSame(stamp, { publishedAtMs: 1_700_000_000_123.456, number: 789 });
  t.equal(messageTimeMs(payload, 1_700_000_000_200), 1_700_000_000_123.456);
  t.equal(readStamp(Buffer.from('hello'), stamp), false);
  t.equal(readStamp(Buffer.alloc(0), stamp), false);
});

t.test('a ledger', async (t) => {
  const record = (changes: object) => ({
    channel: 0,
    openedAtMs: 1000,
    endedAtMs: 5000,
    first: 2,
    highest: 4,
    received: 3,
    duplicates: 0,
    outOfOrder: 0,
    ...changes,
  });
  // Messages 1 to 5.
  const published = [[500, 1500, 2500, 3500, 4900]];
  const sum = (changes: object) => sumLedger([record(changes)], published, 20, 1000);
  t.strictSame(sum({}), { received: 3, lost: 0, duplicated: 0, outOfOrder: 0 });
  t.equal(
    sum({ highest: 5, received: 4 }).lost,
    0,
    'the last one was too close to the end to be due, and may come',
  );
  t.equal(sum({ received: 2 }).lost, 1, 'one in the middle');
  t.equal(sum({ first: 3, received: 2 }).lost, 1, 'the first that was due');
  t.equal(sum({ highest: 3, received: 2 }).lost, 1, 'the last that was due');
  t.equal(sum({ first: 0, highest: 0, received: 0 }).lost, 3, 'all of them');
  t.equal(sum({ openedAtMs: 1490 }).lost, 0, 'one so close to the beginning may come');
  t.equal(sum({ openedAtMs: 1490, first: 3, received: 2 }).lost, 0, 'or not');
  t.match(sum({ received: 5, duplicates: 1, outOfOrder: 1 }), { lost: 0, duplicated: 1, outOfOrder: 1 });
});

t.test('ping lag is measured against the best beat', async (t) => {
  const lag = new PingLag(2, 1000);
  for (const nowMs of [5010, 6000, 7000, 8030]) lag.onPing(0, nowMs);
  lag.onPing(1, 5500);
  t.equal(lag.histogram.count, 3);
  t.equal(lag.histogram.minMs, 0);
  t.equal(lag.histogram.maxMs, 30);
});

t.test('statistics', async (t) => {
  t.equal(mean([1, 2, 6]), 3);
  t.equal(spread([9, 11]), 0.2);
  t.equal(spread([5]), 0);
  t.equal(percentile([5, 1, 4, 2, 3], 0.5), 3);
  t.equal(percentile([5, 1, 4, 2, 3], 0.99), 5);
  t.equal(percentile([], 0.5), undefined);
});

t.test('commands of other servers', async (t) => {
  const places = { port: 12000, ports: 1, redis: '127.0.0.1:7000', ping: 300 };
  t.strictSame(fillTemplate(commandTemplate('../path/10m-reference'), places), [
    '../path/10m-reference',
    ...'-port 12000 -ports 1 -redis 127.0.0.1:7000 -ping 300s'.split(' '),
  ]);
  t.strictSame(fillTemplate(commandTemplate('./10m-floor'), places), ['./10m-floor', '12000', '1', '300']);
  t.strictSame(fillTemplate(commandTemplate('mine --at {port}-{ports} x{redis}'), places), [
    'mine',
    '--at',
    '12000-1',
    'x127.0.0.1:7000',
  ]);
  t.equal(wantsRedis(commandTemplate('./10m-reference')), true);
  t.equal(wantsRedis(commandTemplate('./10m-floor')), false);
  t.equal(commandName('/a/b/mine --x'), 'mine');
  t.equal(commandName('ws'), 'ws');
});

t.test('metrics', async (t) => {
  const text =
    '# HELP a_total x\n# TYPE a_total counter\na_total{r="x y"} 3\na_total{r="z"} 4.5\na_total_more 9\nb 1e-3\n';
  t.equal(metricTotal(text, 'a_total'), 7.5);
  t.equal(metricTotal(text, 'b'), 0.001);
  t.equal(metricTotal(text, 'c'), undefined);
});

const figure = (own: number[], other: number[] = []): Figure => ({
  name: 'cost',
  unit: 'µs',
  better: 'lower',
  arms: { own, other },
});

t.test('values and ratios', async (t) => {
  t.equal(valueText(1234567.8), '1,234,568');
  t.equal(valueText(0.012345), '0.0123');
  t.equal(valueText(null), '-');
  t.equal(ratioOf(figure([1, 3], [4, 4]), ['own', 'other']), 0.5);
  t.equal(ratioOf(figure([1, 3]), ['own', 'other']), undefined);
  t.same(
    alignFigures([
      ['a', 'bb'],
      ['ccc', 'd'],
    ]),
    ['a     bb', 'ccc    d'],
  );
});

t.test('a comparison tells what moved beyond the noise', async (t) => {
  const result = (values: number[], connections = 5): Result => ({
    format: 1,
    scenario: 'ping',
    startedAt: '2026-01-01T00:00:00.000Z',
    seconds: 1,
    machine: {
      cpu: '',
      cores: 1,
      memoryBytes: 1,
      kernel: '',
      node: '',
      version: '',
      commit: undefined,
      connectionsPerProcess: 1,
    },
    options: { connections, workers: 1, duration: 1, rate: 1, shared: false, tls: false, load: 'own' },
    arms: ['own'],
    against: null,
    figures: { cost: figure(values) },
    runs: [],
  });
  t.match(compareText(result([10, 10]), result([12, 12])), /cost +µs +10 +12 +\+20\.0 % +worse/);
  t.match(compareText(result([10, 10]), result([8, 8])), /-20\.0 % +better/);
  t.notMatch(
    compareText(result([10, 14]), result([12, 12])),
    /worse|better/,
    'the old runs lay that far apart',
  );
  t.notMatch(compareText(result([10, 10]), result([12, 12])), /not the same options/);
  t.match(compareText(result([10]), result([10], 6)), /not the same options: connections differ/);
});
