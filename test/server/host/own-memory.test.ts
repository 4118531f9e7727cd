import { spawnSync } from 'node:child_process';
import t from 'tap';
import { collectGarbage, ownMemoryBytes } from '../../../server/host/own-memory.js';
import { whyNoMounts, withoutProc } from '../../harness/bare-host.js';

const module = new URL('../../../server/host/own-memory.js', import.meta.url).href;

t.test('own memory grows with what the process keeps, and is less than the resident memory', async (t) => {
  collectGarbage();
  const before = ownMemoryBytes();
  t.ok(before > 1e6 && before <= process.memoryUsage.rss());
  const kept = Buffer.alloc(50e6, 1);
  const grown = ownMemoryBytes() - before;
  t.ok(grown > 45e6 && grown < 100e6, `${grown} bytes for ${kept.length}`);
});

t.test('a garbage collection frees what nothing refers to', async (t) => {
  const registry = new FinalizationRegistry(() => t.pass('collected'));
  registry.register({}, undefined);
  t.plan(1);
  while (t.counts.pass === 0) {
    collectGarbage();
    await new Promise(setImmediate);
  }
});

t.test('own memory is the peak resident memory without /proc', { skip: whyNoMounts() }, async (t) => {
  const script = `const { ownMemoryBytes } = await import('${module}'); process.stdout.write(String(ownMemoryBytes()))`;
  const [command, ...args] = [...withoutProc, process.execPath, '--input-type=module', '-e', script];
  const { stdout } = spawnSync(command!, args, { encoding: 'utf8' });
  t.ok(Number(stdout) > 20e6 && Number(stdout) < 1e9, stdout);
});
