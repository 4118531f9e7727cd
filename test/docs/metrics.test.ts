import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { selfSigned } from '../../bench/certificate.js';
import { freePorts } from '../harness/ports.js';
import { found, run } from '../harness/programs.js';
import { startServer, type TestServer } from '../harness/server.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const documented = [
  ...readFileSync(`${root}docs/metrics.md`, 'utf8').matchAll(
    /^\| `(tenm_\w+)(?:\{(\w+)\})?` +\| (\w+) +\|(?: \S.*? +\|){3}$/gm,
  ),
].map(([, name, label = '', type]) => `${name} ${type} ${label}`.trim());

/** Name, type and label of every `tenm_` metric of an exposition. */
function exposed(text: string): string[] {
  return [...text.matchAll(/^# TYPE (tenm_\w+) (\w+)\n(?:.*?\{([^}]*)\})?/gm)].map(
    ([, name, type, labels]) => {
      const label = (labels ?? '').split(',').map((pair) => pair.split('=')[0]!);
      return `${name} ${type} ${label.find((word) => word !== 'le') ?? ''}`.trim();
    },
  );
}

const certificate = selfSigned();
t.teardown(() => certificate.remove());
const server = await startServer(t, [
  ...['--workers', '2', '--tls-ports', String(await freePorts(1))],
  ...['--tls-cert', certificate.certFile, '--tls-key', certificate.keyFile],
]);
const text = await (await server.fetch('/metrics')).text();

t.test('docs/metrics.md lists exactly the metrics that are exposed', (t) => {
  t.same(documented.toSorted(), exposed(text).toSorted());
  for (const name of text.matchAll(/^# TYPE (tenm_\w+)/gm))
    t.match(text, new RegExp(`^# HELP ${name[1]} \\S`, 'm'));
  t.end();
});

t.test('promtool finds nothing wrong with our metrics', found('promtool'), async (t) => {
  const { output } = await run('promtool', ['check', 'metrics'], text);
  // Gauges of prom-client, which keep the names that people look for.
  const known =
    /^nodejs_active_(handles|requests|resources)_total non-counter metrics should not have "_total" suffix$/;
  t.same(
    output.split('\n').filter((line) => line !== '' && !known.test(line)),
    [],
  );
});

/** The least time that a scrape took, and its bytes: the first ones compile the code, and others use the machine too. */
async function scrape(server: TestServer): Promise<{ leastMs: number; bytes: number }> {
  let leastMs = Number.POSITIVE_INFINITY;
  let bytes = 0;
  for (let i = 0; i < 7; i++) {
    const startMs = performance.now();
    bytes = (await (await server.fetch('/metrics')).text()).length;
    leastMs = Math.min(leastMs, performance.now() - startMs);
  }
  return { leastMs, bytes };
}

t.test('a scrape costs no more for each worker with 32 of them than with two, and stays small', async (t) => {
  const two = await scrape(server);
  const many = await scrape(await startServer(t, ['--workers', '32']));
  t.comment(
    `${two.leastMs.toFixed(1)} ms with 2 workers, ${many.leastMs.toFixed(1)} ms and ${many.bytes} bytes with 32`,
  );
  t.ok(many.leastMs < 16 * two.leastMs);
  t.ok(many.bytes < 300_000, `${many.bytes} bytes`);
});
