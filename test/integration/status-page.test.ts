// The status page in a real browser.
import t from 'tap';
import { startBrowser } from '../harness/browser.js';
import { TestProcess } from '../harness/processes.js';
import { found } from '../harness/programs.js';
import { serverMain, startServer, type TestServer } from '../harness/server.js';
import { drop, openMany } from '../harness/sockets.js';
import { startGuardedServer, tokenFor } from '../harness/tokens.js';

const pageOf = (server: TestServer) => `http://127.0.0.1:${server.adminPort}/`;

t.test('the status page', found('chromium'), async (t) => {
  const browser = await startBrowser(t);

  t.test('one document without outside resources, under 200 KB, with a strict policy', async (t) => {
    const server = await startServer(t, ['--workers', '1']);
    const answer = await server.fetch('/');
    t.ok((await answer.arrayBuffer()).byteLength < 200_000);
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
    t.match(await page.locator('#limits').textContent(), /nearest/);
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

  t.test('subscribe and publish, with the keyboard alone, on a phone', async (t) => {
    const server = await startServer(t, ['--workers', '2']);
    const { page, errors } = await browser.open(pageOf(server));
    await page.setViewportSize({ width: 360, height: 740 });
    await page.getByText('Serving').waitFor();
    t.equal(await page.evaluate('document.scrollingElement.scrollWidth'), 360, 'nothing is cut off');
    await page.getByLabel('Channel').fill('sport/goals');
    await page.keyboard.press('Enter');
    await page.getByText('Subscribed to sport/goals.').waitFor();
    await page.getByLabel('Message', { exact: true }).fill('1:0 ⚽ <b>');
    await page.keyboard.press('Enter');
    await page.getByRole('log').getByText('1:0 ⚽ <b>').waitFor();
    t.match(await page.getByRole('log').textContent(), /after [\d.]+ ms/);
    await server.publish('sport%2Fgoals', 'from elsewhere');
    await page.getByRole('log').getByText('from elsewhere').waitFor();
    await page.getByRole('button', { name: 'Unsubscribe' }).press('Enter');
    await page.getByText('Unsubscribed.').waitFor();
    t.same(errors, []);
    await page.close();
  });

  t.test('publishing asks for the token, and forgets it with the page', async (t) => {
    const server = await startServer(t, ['--workers', '1', '--admin-token', 'secret']);
    const { page } = await browser.open(pageOf(server));
    const token = page.getByLabel(/Admin token/);
    t.notOk(await token.isVisible());
    t.notOk(await page.getByLabel(/Subscriber's token/).isVisible());
    await page.getByRole('button', { name: 'Publish' }).click();
    await page.getByText('Publishing asks for the admin token.').waitFor();
    await token.fill('wrong');
    await page.keyboard.press('Enter');
    await page.getByText('That is not the token.').waitFor();
    await token.fill('secret');
    await page.keyboard.press('Enter');
    await page.getByText('Published. Subscribe to see messages arrive.').waitFor();
    await page.reload();
    t.equal(await token.inputValue(), '');
    t.equal(await page.evaluate('localStorage.length + sessionStorage.length + document.cookie.length'), 0);
    await page.close();
  });

  t.test('subscribing brings a token where the server asks for one', async (t) => {
    const server = await startGuardedServer(t);
    const { page } = await browser.open(pageOf(server));
    const token = page.getByLabel(/Subscriber's token/);
    await token.fill(await tokenFor(['sport']));
    await page.getByRole('button', { name: 'Subscribe' }).click();
    await page.getByText(/^No connection to .* Does the token name the channel/).waitFor();
    await token.fill(await tokenFor(['news']));
    await page.getByRole('button', { name: 'Subscribe' }).click();
    await page.getByText('Subscribed to news.').waitFor();
    await page.getByRole('button', { name: 'Publish' }).click();
    await page.getByRole('log').getByText('hello').waitFor();
    t.match(await page.locator('#subscribe-command').textContent(), '--token-file');
    await page.close();
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
