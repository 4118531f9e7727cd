// The status page in a real browser.
import t from 'tap';
import type { HistoryReport } from '../../server/primary/history.js';
import { startBrowser } from '../harness/browser.js';
import { freePorts } from '../harness/ports.js';
import { TestProcess } from '../harness/processes.js';
import { found } from '../harness/programs.js';
import { serverMain, startServer, type TestServer } from '../harness/server.js';
import { drop, openMany } from '../harness/sockets.js';

/** What a viewer gets first. */
async function historyOf(server: TestServer): Promise<HistoryReport> {
  const { body } = await server.fetch('/events');
  const reader = body!.getReader();
  let text = '';
  let event: string | undefined;
  while (event === undefined) {
    text += Buffer.from((await reader.read()).value ?? []).toString();
    event = /^event: history\ndata: (.*)\n\n/m.exec(text)?.[1];
  }
  await reader.cancel();
  return JSON.parse(event) as HistoryReport;
}

const pageOf = (server: TestServer) => `http://127.0.0.1:${server.adminPort}/`;

t.test('the status page', found('chromium'), async (t) => {
  const browser = await startBrowser(t);

  t.test('one document without outside resources, under 100 KB, with a strict policy', async (t) => {
    const server = await startServer(t, ['--workers', '1']);
    const answer = await server.fetch('/');
    t.ok((await answer.arrayBuffer()).byteLength < 100_000);
    const policy = answer.headers.get('content-security-policy') ?? '';
    t.match(policy, /^default-src 'none';/);
    t.notMatch(policy, /unsafe|\*/);
    t.match(policy, `connect-src 'self' ws://127.0.0.1:${server.port}`);
    t.equal((await server.fetch('/', { method: 'HEAD' })).status, 200);
    t.equal((await server.fetch('/', { method: 'POST' })).status, 404);

    const { page, errors, requests } = await browser.open(pageOf(server));
    await page.getByText('Serving').waitFor();
    t.same(
      requests.filter((url) => !url.startsWith('data:')),
      [pageOf(server), `${pageOf(server)}events`],
    );
    t.same(errors, []);
    await page.close();
  });

  t.test('the numbers move', async (t) => {
    const server = await startServer(t, ['--workers', '2', '--ping-interval', '1']);
    const { page, errors } = await browser.open(pageOf(server));
    await page.locator('#connections').getByText('0', { exact: true }).waitFor();
    const connections = await openMany(30, (i) => server.url(`c${i % 3}`));
    await page.locator('#connections').getByText('30', { exact: true }).waitFor();
    await server.publish('c0', 'hello');
    await page.locator('#delivered-total').getByText('10', { exact: true }).waitFor();
    await page
      .locator('#pings-total')
      .getByText(/^[1-9]/)
      .waitFor();
    await page.locator('#workers tr').nth(1).waitFor();
    t.equal(await page.locator('#workers tr').count(), 2);
    t.equal(await page.locator('#limits tr').count(), 4);
    t.equal(await page.locator('#limits .nearest').count(), 1);
    t.match(await page.locator('#limits-note').textContent(), /^reached first: /);
    drop(connections);
    await page.locator('#connections').getByText('0', { exact: true }).waitFor();
    await page
      .locator('#closes tr', { hasText: 'connection lost' })
      .getByText('30', { exact: true })
      .last()
      .waitFor();
    t.same(errors, []);
    await page.close();
  });

  t.test('a page that is opened later shows what was before', async (t) => {
    const server = await startServer(t, ['--workers', '2', '--ping-interval', '1']);
    const connections = await openMany(30, () => server.url('news'));
    await server.publish('news', 'hello');
    let kept: HistoryReport | undefined;
    const sumOf = (place: number) => kept!.points.reduce((sum, point) => sum + (point[place] ?? 0), 0);
    await server.until(async () => {
      kept = await historyOf(server);
      return sumOf(5) > 0 && sumOf(6) > 0;
    });
    drop(connections);
    const [timeMs, count] = kept!.points.at(-1)!;
    t.ok(Math.abs(Date.now() - timeMs!) < 60_000, 'told on the wall clock');
    t.equal(count, 30);
    t.ok(sumOf(2) > 0, 'connections were opened');
    t.equal(sumOf(3), 0, 'none was closed');
    t.ok(Math.abs(sumOf(5) / sumOf(4) - 30) < 6, 'a message that both workers got is one message');
    const { page } = await browser.open(pageOf(server));
    await page.getByText('Serving').waitFor();
    const [first] = (await page.evaluate('rows')) as number[][];
    t.same(first!.slice(1), kept!.points[0]!.slice(1));
    await page.close();
  });

  t.test('what is before is kept while the broker is away, too', async (t) => {
    const away = `redis://127.0.0.1:${await freePorts(1)}`;
    const server = await startServer(t, ['--workers', '2', '--redis', away], { waitReady: false });
    const connections = await openMany(10, () => server.url('news'));
    await server.until(async () => (await historyOf(server)).points.at(-1)?.[1] === 10);
    drop(connections);
    t.pass('the workers say so when they are asked whether they are there');
  });

  t.test('a server that is slow, lost, and back', async (t) => {
    const server = await startServer(t, ['--workers', '1']);
    const { page } = await browser.open(pageOf(server));
    const state = page.locator('#state');
    await state.getByText('Serving').waitFor();
    server.process.child.kill('SIGSTOP');
    await state.getByText(/does not answer/).waitFor();
    server.process.child.kill('SIGCONT');
    await state.getByText('Serving').waitFor();

    await server.process.stop();
    await state.getByText('The server is gone; trying again').waitFor();
    const { port, adminPort } = server;
    const again = new TestProcess('node', [
      serverMain,
      ...['--workers', '1', '--host', '127.0.0.1'],
      ...['--ports', String(port), '--admin-port', String(adminPort)],
    ]);
    t.teardown(() => again.stop());
    await state.getByText('Serving').waitFor();
    await page.close();
    t.pass('told each');
  });

  t.test('a worker without an answer, and a drain', async (t) => {
    const server = await startServer(t, ['--workers', '2', '--drain-rate', '4']);
    const connections = await openMany(30, () => server.url('news'));
    const { page } = await browser.open(pageOf(server));
    await page.locator('#connections').getByText('30', { exact: true }).waitFor();
    const worker = (await server.stats()).workers[0]!.pid;
    process.kill(worker, 'SIGSTOP');
    await page
      .locator('#workers-note')
      .getByText(/1 not answering/)
      .waitFor();
    process.kill(worker, 'SIGCONT');
    await server.untilReady();
    await server.fetch('/drain', { method: 'POST' });
    await page.locator('#state').getByText('Draining').waitFor();
    await page.getByText(/^Draining: \d+ of 30 left, about \d s$/).waitFor();
    drop(connections);
    await page.close();
    t.pass('told both');
  });
});
