// The dashboard and the alerts against a real Prometheus that scrapes a real server under load.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { selfSigned } from '../../bench/certificate.js';
import { ClientProcess } from '../harness/client-process.js';
import { freePorts } from '../harness/ports.js';
import { found } from '../harness/programs.js';
import { type Sample, startPrometheus, type TestPrometheus } from '../harness/prometheus.js';
import { startRedis } from '../harness/redis.js';
import { startServer, type Teardown, type TestServer } from '../harness/server.js';
import { drop, open, openMany } from '../harness/sockets.js';

/** All on one channel: enough for several slices of it in each of two workers. */
const MEMBERS = 1400;
/** Each on a channel of its own. */
const CROWD = 18_600;

interface Dashboard {
  readonly panels: readonly {
    readonly type: string;
    readonly title: string;
    readonly description?: string;
    readonly targets?: readonly { readonly expr: string }[];
  }[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
}

const dashboard = JSON.parse(
  readFileSync(fileURLToPath(new URL('../../../docs/grafana/10m.json', import.meta.url)), 'utf8'),
) as Dashboard;

/** What Grafana makes of its variables when all of each are chosen. */
const substituted = (expression: string): string =>
  expression.replaceAll('$__rate_interval', '10s').replaceAll(/"\$(instance|worker)"/g, '".*"');

/** Keeps messages, connects and closes going. */
function load(t: Teardown, server: TestServer): void {
  let isOver = false;
  const rounds = async () => {
    for (let round = 0; !isOver; round++) {
      const short = await open(server.url(`short-${round % 10}`)).catch(() => undefined);
      await server.publish('news', `round ${round}`).catch(() => {});
      await server.publish(`short-${round % 10}`, 'hello').catch(() => {});
      if (short !== undefined) drop([short]);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  const done = rounds();
  t.teardown(async () => {
    isOver = true;
    await done;
  });
}

/** Polls an expression until it gives a number; the test's own time limit is the limit. */
async function dataOf(prometheus: TestPrometheus, expression: string): Promise<Sample[]> {
  for (;;) {
    const samples = await prometheus.query(expression);
    if (samples.some(({ value }) => !Number.isNaN(value))) return samples;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

t.test('Prometheus, the dashboard and the alerts', found('prometheus', 'redis-server'), async (t) => {
  const redis = await startRedis(t);
  const certificate = selfSigned();
  t.teardown(() => certificate.remove());
  const server = await startServer(t, [
    ...[
      '--workers',
      '2',
      '--redis',
      redis.url,
      '--ping-interval',
      '4',
      '--tls-ports',
      String(await freePorts(1)),
    ],
    ...['--tls-cert', certificate.certFile, '--tls-key', certificate.keyFile],
  ]);
  const members = await openMany(MEMBERS, () => server.url('news'));
  t.teardown(() => drop(members));
  const crowd = new ClientProcess('127.0.0.1', String(CROWD), '--port', String(server.port), '--json');
  t.teardown(() => crowd.stop());
  await server.until(async () => (await server.stats()).connections === MEMBERS + CROWD);
  load(t, server);
  const prometheus = await startPrometheus(t, server);

  await t.test('every panel has data, with 20,000 connections', async (t) => {
    const panels = dashboard.panels.filter(({ type }) => type !== 'row');
    t.ok(panels.length > 30);
    for (const { title, description, targets } of panels) {
      t.ok(description, `${title} is described`);
      t.ok(targets?.length, `${title} asks for something`);
      for (const { expr } of targets ?? []) {
        const expression = substituted(expr);
        t.notMatch(expression, /\$/, `${title}: all variables are known`);
        t.ok((await dataOf(prometheus, expression)).length > 0, `${title}: ${expr}`);
      }
    }
    const rows = dashboard.panels.filter(({ type }) => type === 'row').map(({ title }) => title);
    t.same(rows, ['Overview', 'Connections', 'Delivery', 'Pings', 'Workers', 'Host and limits', 'Broker']);
  });

  await t.test('every variable has values', async (t) => {
    for (const { name, definition } of dashboard.templating.list.filter((one) => one.definition)) {
      const [, series, label] = /^label_values\((.+), (\w+)\)$/.exec(definition!)!;
      t.equal(label, name);
      const samples = await dataOf(prometheus, `count by (${label}) (${substituted(series!)})`);
      t.ok(samples.every(({ metric }) => metric[label!]));
    }
  });

  await t.test('every alert can be evaluated, on series that exist', async (t) => {
    const expressions = await prometheus.alertExpressions();
    t.ok(expressions.length > 10);
    for (const expression of expressions) {
      await prometheus.query(expression);
      for (const [name] of expression.matchAll(/\btenm_\w+/g)) {
        t.ok((await dataOf(prometheus, `count(${name})`)).length > 0, name);
      }
    }
    t.notOk((await prometheus.firing()).includes('TenmBrokerLost'));
  });

  const untilFiring = (alert: string) =>
    server.until(async () => (await prometheus.firing()).includes(alert));

  await t.test('a worker that is killed fires its alert', async (t) => {
    process.kill((await server.stats()).workers[0]!.pid, 'SIGKILL');
    await untilFiring('TenmWorkerRestarted');
    await server.untilReady();
    t.pass('fired');
  });

  await t.test('a Redis that is paused fires its alert, and that ends when Redis goes on', async (t) => {
    redis.process.child.kill('SIGSTOP');
    await untilFiring('TenmBrokerLost');
    redis.process.child.kill('SIGCONT');
    await server.until(async () => !(await prometheus.firing()).includes('TenmBrokerLost'));
    t.pass('fired, and ended');
  });
});
