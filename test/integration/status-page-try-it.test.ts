// The status page's try-it panel in a real browser: subscribe, publish, and what to copy into a terminal.
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { startBrowser } from '../harness/browser.js';
import { TestProcess } from '../harness/processes.js';
import { found, run } from '../harness/programs.js';
import { serverMain, startServer, type TestServer } from '../harness/server.js';
import { startGuardedServer, tokenFor } from '../harness/tokens.js';

const clientMain = fileURLToPath(new URL('../../client/main.js', import.meta.url));
const pageOf = (server: TestServer) => `http://127.0.0.1:${server.adminPort}/`;

t.test("the status page's try-it panel", found('chromium', 'curl'), async (t) => {
  const browser = await startBrowser(t);
  const shared = await startServer(t, ['--workers', '2']);

  t.test('subscribe and publish, with the keyboard alone, on a phone', async (t) => {
    const { page, errors } = await browser.open(pageOf(shared));
    await page.setViewportSize({ width: 360, height: 740 });
    await page.getByText('Serving').waitFor();
    t.equal(await page.evaluate('document.scrollingElement.scrollWidth'), 360, 'nothing is cut off');
    await page.getByLabel('Channel').fill('sport/goals');
    await page.keyboard.press('Enter');
    await page.getByText('Subscribed to sport/goals.').waitFor();
    await page.getByLabel('Message', { exact: true }).fill('1:0 ⚽ <b>');
    await page.keyboard.press('Enter');
    await page.getByRole('log').getByText('1:0 ⚽ <b>').waitFor();
    t.match(await page.getByRole('log').textContent(), /after [\d.]+ m?s/);
    await shared.publish('sport%2Fgoals', 'from elsewhere');
    await page.getByRole('log').getByText('from elsewhere').waitFor();
    t.match(await page.getByRole('log').getByRole('listitem').first().textContent(), /\d\d:\d\d:\d\d$/);
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

  t.test('another channel in the field leaves the subscription as it is', async (t) => {
    const { page, errors } = await browser.open(pageOf(shared));
    const channel = page.getByLabel('Channel', { exact: true });
    await page.getByRole('button', { name: 'Subscribe' }).click();
    await page.getByText('Subscribed to news.').waitFor();
    await channel.fill('sport');
    await page.getByText('Still subscribed to news, until you subscribe to another channel.').waitFor();
    await shared.publish('news', 'to the old one');
    await page.getByRole('log').getByText('to the old one').waitFor();
    await channel.fill('news');
    await page.getByRole('button', { name: 'Unsubscribe' }).waitFor();
    await channel.fill('sport');
    await page.getByRole('button', { name: 'Subscribe', exact: true }).click();
    await page.getByText('Subscribed to sport.').waitFor();
    await shared.publish('news', 'to nobody');
    await shared.publish('sport', 'to the new one');
    await page.getByRole('log').getByText('to the new one').waitFor();
    t.notMatch(await page.getByRole('log').textContent(), 'to nobody');
    t.same(errors, []);
    await page.close();
  });

  t.test('a click is forgotten when its message cannot come back', async (t) => {
    const { page } = await browser.open(pageOf(shared));
    await page.getByRole('button', { name: 'Publish' }).click();
    await page.getByText('Published. Subscribe to see messages arrive.').waitFor();
    await page.getByRole('button', { name: 'Subscribe' }).click();
    await page.getByText('Subscribed to news.').waitFor();
    await shared.publish('news', 'hello');
    const item = page.getByRole('log').getByRole('listitem');
    t.match(await item.first().textContent(), /hello\d\d:\d\d:\d\d$/, 'not "after a minute"');
    await page.close();
  });

  t.test('it subscribes again after a restart, and after the server was away', async (t) => {
    const server = await startServer(t, ['--workers', '1']);
    const { page } = await browser.open(pageOf(server));
    const state = page.locator('#try-state');
    await page.getByRole('button', { name: 'Subscribe' }).click();
    await state.getByText('Subscribed to news.').waitFor();
    await server.fetch('/restart', { method: 'POST' });
    await state
      .getByText(/^The connection ended \(its worker restarts, code 1012\)\. Subscribing again in about /)
      .waitFor();
    await state.getByText('Subscribed to news.').waitFor();

    await server.process.stop();
    await state.getByText(/^No connection yet\. Subscribing again in about /).waitFor();
    const { port, adminPort } = server;
    const again = new TestProcess('node', [
      serverMain,
      ...['--workers', '1', '--host', '127.0.0.1'],
      ...['--ports', String(port), '--admin-port', String(adminPort)],
    ]);
    t.teardown(() => again.stop());
    await state.getByText('Subscribed to news.').waitFor();
    await server.publish('news', 'welcome back');
    await page.getByRole('log').getByText('welcome back').waitFor();

    await again.stop();
    await state.getByText(/Subscribing again in about /).waitFor();
    await page.getByRole('button', { name: 'Unsubscribe' }).click();
    await state.getByText('Unsubscribed.').waitFor();
    await page.close();
    t.pass('back each time');
  });

  t.test('it comes back within the time that the server hints at', async (t) => {
    const { page } = await browser.open(pageOf(shared));
    const delays = (reason: string, attempt: number) =>
      page.evaluate(
        `Array.from({ length: 200 }, () => retryDelayS(${JSON.stringify(reason)}, ${attempt}))`,
      ) as Promise<number[]>;
    const hinted = await delays('retry=2-5.5', 9);
    t.ok(hinted.every((delay) => delay >= 2 && delay <= 5.5));
    t.ok(Math.max(...hinted) - Math.min(...hinted) > 1, 'spread over it');
    t.ok((await delays('', 0)).every((delay) => delay <= 1));
    t.ok((await delays('', 50)).every((delay) => delay <= 30));
    await page.close();
  });

  t.test('after 1008 it stops, and says why', async (t) => {
    const server = await startGuardedServer(t);
    const { page } = await browser.open(pageOf(server));
    const exp = Math.ceil(Date.now() / 1000) + 5;
    await page.getByLabel(/Subscriber's token/).fill(await tokenFor(['news'], { exp }));
    await page.getByRole('button', { name: 'Subscribe' }).click();
    await page.getByText('Subscribed to news.').waitFor();
    await page
      .getByText('The server closed the connection for good: the token has expired (code 1008).')
      .waitFor();
    await page.getByRole('button', { name: 'Subscribe', exact: true }).waitFor();
    await page.getByLabel(/Subscriber's token/).fill('no token (at all)');
    await page.getByRole('button', { name: 'Subscribe' }).click();
    await page.getByText('No connection: a token has none of these characters.').waitFor();
    await page.close();
    t.pass('told');
  });

  t.test('its lines for a terminal do what the panel does, whatever the words in them', async (t) => {
    const server = await startServer(t, ['--workers', '1', '--admin-token', 'it\'s"secret"']);
    const { page } = await browser.open(pageOf(server));
    const channel = 'it\'s/50% of "$(id)" !(*) `x`\\#?&é';
    const message = '@it\'s \\ "$HOME" `id` %s ⚽';
    await page.getByLabel('Channel', { exact: true }).fill(channel);
    await page.getByLabel('Message', { exact: true }).fill(message);
    await page.getByRole('button', { name: 'Publish' }).click();
    await page.getByText('Publishing asks for the admin token.').waitFor();
    await page.getByRole('button', { name: 'Subscribe' }).click();
    await page.getByText('Subscribed to ').waitFor();

    const subscribe = (await page.locator('#subscribe-command').textContent()) ?? '';
    t.match(subscribe, /^10m-client subscribe '/);
    const subscriber = new TestProcess('sh', [
      '-c',
      subscribe.replace('10m-client', `exec '${process.execPath}' '${clientMain}'`),
    ]);
    t.teardown(() => subscriber.stop());
    await server.until(async () => (await server.stats()).connections === 2);
    const publish = (await page.locator('#publish-command').textContent()) ?? '';
    t.notMatch(publish, 'secret', 'a token is not for the screen');
    const { output } = await run('sh', ['-c', `ADMIN_TOKEN='it'\\''s"secret"'; ${publish}`]);
    t.match(output, JSON.stringify(channel));
    await page.getByRole('log').getByText(message, { exact: true }).waitFor();
    await server.until(async () => subscriber.lines.some((line) => line.endsWith(message)));
    await page.close();
  });
});
