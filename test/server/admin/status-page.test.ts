// What the status page makes of a history and snapshots, in a real browser.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import t from 'tap';
import { closeReasons } from '../../../server/codes.js';
import { startBrowser } from '../../harness/browser.js';
import { found } from '../../harness/programs.js';
import { observed, serveStatusPage, workerOf } from '../../harness/status-page.js';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe-core finds wrong with a page as it is now, one line each. */
async function findingsOn(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  return page.evaluate(`axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => [id, target, failureSummary].join(' '))))`);
}

/** Of each chart: the values of its first line from left to right, null where it has a gap. */
const linesOf = (page: Page): Promise<(number | null)[][]> =>
  page.evaluate('charts.map(({ plot }) => [...plot.data[1]])');

/** Waits until an expression holds in a page. Playwright's own waitForFunction needs the eval that the policy forbids. */
async function until(page: Page, expression: string): Promise<void> {
  while (!(await page.evaluate(expression))) await new Promise((resolve) => setTimeout(resolve, 25));
}

t.test('the status page', found('chromium'), async (t) => {
  const browser = await startBrowser(t);

  t.test('nothing is told of a histogram before it has observations', async (t) => {
    const { url, show } = await serveStatusPage(t);
    show({ pingLag: { bounds: [], counts: [], sum: 0 }, pings: 1 });
    const { page, errors } = await browser.open(url);
    const lag = page.locator('#ping-lag');
    await page.locator('#pings-total').getByText('1', { exact: true }).waitFor();
    t.equal(await lag.textContent(), '–', 'before the first report of a worker');
    show({ pings: 2 });
    await page.locator('#pings-total').getByText('2', { exact: true }).waitFor();
    t.equal(await lag.textContent(), '–', 'before the first observation');
    show({ pingLag: observed(98, 2) });
    await lag.getByText('100 ms', { exact: true }).waitFor();
    show({ pingLag: observed(98, 2, 0, 98) });
    await lag.getByText('not within 10.0 s', { exact: true }).waitFor();
    show({ instance: 'two', pings: 3 });
    await page.locator('#pings-total').getByText('3', { exact: true }).waitFor();
    t.equal(await lag.textContent(), '–', 'after a restart of the server');
    t.same(errors, []);
    await page.close();
  });

  t.test('every reason for which a connection is closed has words', async (t) => {
    const { url, show } = await serveStatusPage(t);
    show({ closed: Object.fromEntries(Object.keys(closeReasons).map((reason) => [reason, 1])) });
    const { page } = await browser.open(url);
    await page.locator('#closes tr').first().waitFor();
    const words = await page.locator('#closes th').allTextContents();
    t.equal(words.length, Object.keys(closeReasons).length);
    t.same(
      words.filter((text) => Object.hasOwn(closeReasons, text)),
      [],
    );
    await page.close();
  });

  t.test('workers that start and wait for the broker', async (t) => {
    const { url, show } = await serveStatusPage(t);
    const broker = { isConnected: false, reason: 'connect ECONNREFUSED 127.0.0.1:6379' };
    const reason = `2 of 2 workers are starting, waiting for the broker: ${broker.reason}`;
    const workers = [1, 2].map((number) => workerOf(number, { state: 'starting', broker }));
    show({ ready: false, reason, workers, broker: { kind: 'redis', ...broker } });
    const { page } = await browser.open(url);
    await page.locator('#state').getByText(`Not ready: ${reason}`).waitFor();
    t.equal(await page.locator('#workers-note').textContent(), '0 of 2 running, 2 starting');
    t.match(await page.locator('#workers').textContent(), 'starting, no broker yet');
    t.equal(await page.locator('#broker').textContent(), `not connected: ${broker.reason}`);
    await page.close();
  });

  t.test('the charts begin with the last hour of the server, and draw a gap as a gap', async (t) => {
    const nowMs = Date.now();
    const at = (secondsAgo: number, ...values: number[]) => [nowMs - 1000 * secondsAgo, ...values];
    const { url, show } = await serveStatusPage(t, [
      at(3000, 7),
      at(2995, 8, 1, 2, 3, 4, 5),
      // A worker did not answer.
      at(2990),
      at(2985, 9, 1, 2, 3, 4, 5),
      // Nothing for a while.
      at(60, 10, 1, 2, 3, 4, 6),
    ]);
    show({ workersMissing: 1 });
    const { page } = await browser.open(url);
    await page
      .locator('#workers-note')
      .getByText(/1 not answering/)
      .waitFor();
    const past = [7, 8, null, 9, null, 10, null];
    t.same(
      (await linesOf(page)).map((line) => line.slice(0, 7)),
      [
        past,
        [null, 1, null, 1, null, 1, null],
        [null, 4, null, 4, null, 4, null],
        [null, 5, null, 5, null, 6, null],
      ],
    );
    t.same(
      (await linesOf(page))[0]!.slice(7).filter((value) => value !== null),
      [],
    );

    show({ connections: 12 });
    await until(page, 'charts[0].plot.data[1].at(-1) === 12');
    await page.locator('#connections-chart .u-over').hover();
    await page.mouse.move(1, 1);
    t.match(await page.locator('#connections-chart .u-legend').textContent(), '12', 'the newest value again');
    await page.getByText('1 hour').click();
    const chart = page.getByRole('img', { name: /^Connections over/ });
    t.equal(await chart.getAttribute('aria-label'), 'Connections over the last hour');
    await until(
      page,
      'charts.every(({ plot }) => Math.round(plot.scales.x.max - plot.scales.x.min) === 3600)',
    );

    // Another server: its rates are not those between the two of them.
    show({ instance: 'two', connections: 13, opened: 140 });
    await until(page, 'charts[0].plot.data[1].at(-1) === 13');
    const [connections, opened] = await linesOf(page);
    t.same(connections!.slice(0, 6), past.slice(0, 6), 'what was before is still shown');
    const restart = connections!.indexOf(13);
    t.same(connections!.slice(restart - 2, restart + 1), [12, null, 13]);
    t.equal(opened![restart], 0);
    await page.close();
  });

  t.test('axe-core finds nothing in light, dark and phone layouts', async (t) => {
    const { url, show } = await serveStatusPage(t);
    const workers = Array.from({ length: 40 }, (_, i) => workerOf(i + 1));
    const usual = { workers, workersWanted: 40, closed: { client: 3, lost: 2, too_slow: 1 } };
    show(usual);
    const { page } = await browser.open(url);
    await page.locator('#workers tr').nth(39).waitFor();
    await page.locator('details').evaluate('(element) => { element.open = true; }');
    await page.evaluate(`for (let i = 0; i < 20; i++) showReceived('message ' + i, 'after 1.0 ms');
      byId('token-field').hidden = byId('channel-token-field').hidden = false;`);
    const layouts = async (name: string) => {
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        for (const [width, height] of [
          [1200, 900],
          [360, 740],
        ] as const) {
          await page.setViewportSize({ width, height });
          t.same(await findingsOn(page), [], `${name}, ${colorScheme}, ${width} wide`);
          t.equal(await page.evaluate('document.scrollingElement.scrollWidth'), width, 'nothing is cut off');
        }
      }
    };
    await layouts('serving');
    show({
      ...usual,
      ready: false,
      reason: 'draining',
      drain: { reason: 'stopping', total: 100, remaining: 40, etaSeconds: 9 },
      headroom: {
        memory: { userBytes: 700, kernelBytes: 4000 },
        rooms: {
          connections: { usedRatio: 0.95, connections: 5 },
          fds: { usedRatio: 0.5, connections: 1000 },
          memory: { usedRatio: 0.5, connections: 1000 },
          tcp_memory: { usedRatio: 0, connections: Number.POSITIVE_INFINITY },
        },
        nearest: 'connections',
      },
    });
    await page.locator('#state').getByText('Draining').waitFor();
    await layouts('draining');
    await page.evaluate(`stream.close(); showState('bad', 'The server is gone; trying again')`);
    await layouts('lost');
    await page.close();
  });
});
