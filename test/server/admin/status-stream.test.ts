import t from 'tap';
import { MAX_VIEWERS, StatusStream } from '../../../server/admin/status-stream.js';
import { serveHttp } from '../../harness/http.js';
import type { Teardown } from '../../harness/server.js';

/** A listener that serves nothing but the stream. */
async function serve(t: Teardown, collect: () => Promise<unknown>) {
  const failures: string[] = [];
  const stream = new StatusStream(
    collect,
    () => [[1]],
    ({ message }) => failures.push(message),
  );
  const { url } = await serveHttp(t, (_request, response) => stream.add(response));
  t.teardown(() => stream.stop());
  return { url, failures };
}

/** A viewer that has the stream open. */
async function view(url: string) {
  const controller = new AbortController();
  const { status, body } = await fetch(url, { signal: controller.signal });
  const reader = body!.getReader();
  let text = '';
  return {
    status,
    leave: () => controller.abort(),
    get text() {
      return text;
    },
    async until(pattern: RegExp): Promise<void> {
      while (!pattern.test(text)) text += Buffer.from((await reader.read()).value ?? []).toString();
    },
  };
}

t.test('one collection serves all viewers, and there is none without a viewer', async (t) => {
  let collected = 0;
  const { url } = await serve(t, async () => ({ number: ++collected }));
  t.equal(collected, 0);
  const viewers = await Promise.all([view(url), view(url), view(url)]);
  await Promise.all(viewers.map((viewer) => viewer.until(/"number":3\b/)));
  t.equal(collected, 3);
  for (const viewer of viewers) viewer.leave();
  await new Promise((resolve) => setTimeout(resolve, 1500));
  t.ok(collected <= 4, 'at most the one that was under way');
  const late = await view(url);
  await late.until(/"number"/);
  late.leave();
});

t.test('the history comes once, before the first snapshot', async (t) => {
  const { url } = await serve(t, async () => ({}));
  const viewer = await view(url);
  await viewer.until(/(data: {}\n\n.*){2}/s);
  t.match(viewer.text, /^retry: 1000\n\nevent: history\ndata: \[\[1\]\]\n\ndata: {}\n\n/);
  t.equal(viewer.text.split('event: history').length, 2);
  viewer.leave();
});

t.test('a collection that fails is told, and the next one is tried', async (t) => {
  let tries = 0;
  const { url, failures } = await serve(t, async () => {
    if (++tries === 1) throw new Error('no answer');
    return { tries };
  });
  const viewer = await view(url);
  await viewer.until(/"tries":2/);
  t.same(failures, ['no answer']);
  viewer.leave();
});

t.test('too many viewers are turned away', async (t) => {
  const { url } = await serve(t, async () => ({}));
  const viewers = await Promise.all(Array.from({ length: MAX_VIEWERS }, () => view(url)));
  t.ok(viewers.every(({ status }) => status === 200));
  const refused = await fetch(url);
  t.equal(refused.status, 503);
  await refused.text();
  for (const viewer of viewers) viewer.leave();
});
