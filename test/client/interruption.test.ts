import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t from 'tap';

const module = new URL('../../client/interruption.js', import.meta.url);

/** A process that says `first` and `second`, with a timer that keeps it alive. */
async function listening(then: string) {
  const program = `
    import { endNow, onInterrupt } from ${JSON.stringify(module.href)};
    onInterrupt(() => { console.log('first'); ${then} }, () => console.log('second'));
    setInterval(() => {}, 1000);
    console.log('ready');`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const exited = once(child, 'close');
  await once(child.stdout, 'data');
  return { child, exited, said: () => output };
}

t.test('the second signal ends the process, unless it comes within a second of the first', async (t) => {
  const { child, exited, said } = await listening('');
  const startedMs = performance.now();
  const signals = ['SIGINT', 'SIGTERM'] as const;
  let sent = 0;
  const sending = setInterval(() => child.kill(signals[sent++ % 2]), 20);
  t.same(await exited, [130, null]);
  clearInterval(sending);
  t.ok(performance.now() - startedMs >= 1000);
  t.ok(sent > 2);
  t.equal(said(), 'ready\nfirst\nsecond\n');
});

t.test('endNow ends a process that listens', async (t) => {
  const { child, exited } = await listening('endNow();');
  child.kill('SIGTERM');
  t.same(await exited, [null, 'SIGINT']);
});
