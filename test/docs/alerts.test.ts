// Unit tests of the alert rules with promtool. Each scenario changes some series of a healthy server, and names every
// alert that fires at its end.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { found, run } from '../harness/programs.js';

const folder = fileURLToPath(new URL('../../../docs/prometheus/', import.meta.url));
const rules = readFileSync(`${folder}alerts.yml`, 'utf8');

/** Series by name and labels; values in promtool's notation, a sample a minute: `4+0x20` is twenty-one times 4. */
type SeriesTable = Record<string, string>;

const series = (name: string, labels = '') => `tenm_${name}{instance="a:9110",job="10m"${labels}}`;

/** A histogram that counts every minute, in the bucket up to 10 ms (quick) or above 10 s. */
function histogram(name: string, perMinute: number, isQuick: boolean, labels = ''): SeriesTable {
  const all = `0+${perMinute}x40`;
  const quick = isQuick ? all : '0+0x40';
  return {
    [series(`${name}_bucket`, `${labels},le="0.01"`)]: quick,
    [series(`${name}_bucket`, `${labels},le="10"`)]: quick,
    [series(`${name}_bucket`, `${labels},le="+Inf"`)]: all,
    [series(`${name}_count`, labels)]: all,
  };
}

const probes = (isQuick: boolean) => histogram('delivery_probe_seconds', 240, isQuick);
const handovers = (isQuick: boolean) => histogram('delivery_handover_seconds', 100, isQuick);
const pings = (isQuick: boolean) => histogram('ping_lag_seconds', 100, isQuick);
const loopDelays = (isQuick: boolean) =>
  histogram('worker_event_loop_delay_seconds', 600, isQuick, ',worker="1"');

const up = 'up{instance="a:9110",job="10m"}';
const lost = series('connections_closed_total', ',reason="lost"');
const dropped = series('messages_dropped_total', ',reason="backpressure"');
const certificateExpiry = series('certificate_expiry_timestamp_seconds');
const fdsUsed = series('limit_used_ratio', ',limit="fds"');

const healthy: SeriesTable = {
  [up]: '1+0x40',
  [series('ready')]: '1+0x40',
  [series('draining')]: '0+0x40',
  [series('workers')]: '4+0x40',
  [series('workers_wanted')]: '4+0x40',
  [series('workers_missing')]: '0+0x40',
  [series('worker_restarts_total')]: '0+0x40',
  [series('broker_connected')]: '4+0x40',
  [series('broker_publisher_connected')]: '1+0x40',
  [series('connections')]: '20000+0x40',
  [series('connections_opened_total')]: '20000+100x40',
  [series('connections_stalled')]: '3+0x40',
  [lost]: '0+5x40',
  [series('connections_closed_total', ',reason="client"')]: '0+95x40',
  [dropped]: '0+0x40',
  [series('host_listen_overflows_total')]: '7+0x40',
  [fdsUsed]: '0.5+0x40',
  ...probes(true),
  ...handovers(true),
  ...pings(true),
  ...loopDelays(true),
};

const scenarios: readonly (readonly [title: string, changed: SeriesTable, ...alerts: string[]])[] = [
  ['all is well', {}],
  ['the admin listener does not answer', { [up]: '1+0x20 0+0x20' }, 'TenmDown'],
  ['/readyz answers 503', { [series('ready')]: '1+0x20 0+0x20' }, 'TenmNotReady'],
  [
    'the server drains',
    {
      [series('ready')]: '1+0x20 0+0x20',
      [series('draining')]: '0+0x20 1+0x20',
      [series('workers')]: '4+0x20 2+0x20',
    },
  ],
  [
    'a worker is not replaced',
    { [series('workers')]: '4+0x20 3+0x20', [series('broker_connected')]: '4+0x20 3+0x20' },
    'TenmWorkersMissing',
  ],
  ['a worker was replaced', { [series('worker_restarts_total')]: '0+0x34 1+0x5' }, 'TenmWorkerRestarted'],
  ['a worker does not answer', { [series('workers_missing')]: '0+0x20 1+0x20' }, 'TenmWorkerStalled'],
  ['an event loop stalls', loopDelays(false), 'TenmEventLoopSlow'],
  ['a worker loses the broker', { [series('broker_connected')]: '4+0x20 3+0x20' }, 'TenmBrokerLost'],
  [
    'the publisher loses the broker',
    { [series('broker_publisher_connected')]: '1+0x20 0+0x20' },
    'TenmPublisherLost',
  ],
  [
    'probes stop arriving',
    { [series('delivery_probe_seconds_count')]: '0+240x20 4800+0x20' },
    'TenmProbesMissing',
  ],
  ['probes are slow', probes(false), 'TenmDeliverySlow'],
  ['a big channel is slow', handovers(false), 'TenmHandoverSlow'],
  ['pings are late', pings(false), 'TenmPingsLate'],
  ['files run out', { [fdsUsed]: '0.5+0x20 0.95+0x20' }, 'TenmLimitNear'],
  ['accept queues overflow', { [series('host_listen_overflows_total')]: '7+60x40' }, 'TenmListenOverflows'],
  ['the network cuts a fifth of the connections', { [lost]: '0+5x35 4180+0x4' }, 'TenmConnectionsLost'],
  ['clients stop reading', { [series('connections_stalled')]: '3+0x20 2000+0x20' }, 'TenmSlowReaders'],
  ['messages are dropped', { [dropped]: '0+60x40' }, 'TenmMessagesDropped'],
  // promtool's clock begins in 1970. The certificates expire five days and two months later.
  ['a certificate expires soon', { [certificateExpiry]: '432000+0x40' }, 'TenmCertificateExpires'],
  ['a certificate does not expire soon', { [certificateExpiry]: '5184000+0x40' }],
];

/** The scenarios in promtool's format. YAML includes JSON. */
const unitTests = () => ({
  rule_files: [`${folder}alerts.yml`],
  evaluation_interval: '1m',
  tests: scenarios.map(([name, changed, ...alerts]) => ({
    name,
    interval: '1m',
    input_series: Object.entries({ ...healthy, ...changed }).map(([series, values]) => ({ series, values })),
    promql_expr_test: [
      {
        expr: 'count by (alertname) (ALERTS{alertstate="firing"})',
        eval_time: '38m',
        exp_samples: alerts.map((alert) => ({ labels: `{alertname="${alert}"}`, value: 1 })),
      },
    ],
  })),
});

t.test('every alert fires for its cause and for nothing else', found('promtool'), async (t) => {
  const temporary = mkdtempSync(join(tmpdir(), '10m-alerts-'));
  t.teardown(() => rmSync(temporary, { recursive: true }));
  const path = join(temporary, 'alerts.test.yml');
  writeFileSync(path, JSON.stringify(unitTests()));
  const { output, code } = await run('promtool', ['test', 'rules', path]);
  t.equal(code, 0, output);
});

t.test('each alert has a scenario, and a runbook section of its name', (t) => {
  const alerts = [...rules.matchAll(/- alert: (\w+)/g)].map((match) => match[1]!);
  t.same(alerts.toSorted(), scenarios.flatMap(([, , ...names]) => names).toSorted());
  const runbooks = [...rules.matchAll(/runbook_url: (\S+)/g)].map((match) => match[1]!);
  t.same(
    runbooks,
    alerts.map((alert) => `docs/operations.md#${alert.toLowerCase()}`),
  );
  t.end();
});

t.test('promtool accepts the rules and the configuration', found('promtool'), async (t) => {
  for (const args of [
    ['check', 'rules', '--lint-fatal', `${folder}alerts.yml`],
    ['check', 'config', `${folder}prometheus.yml`],
  ]) {
    const { output, code } = await run('promtool', args);
    t.equal(code, 0, output);
  }
});
