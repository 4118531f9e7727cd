import t from 'tap';
import type { Logger } from '../../../server/logger.js';
import { Lifecycle, type StartStep } from '../../../server/primary/lifecycle.js';

const NAMES = ['ports', 'admin', 'workers'];

/** A lifecycle whose fake parts log what happens to them. Each step waits until the test lets it pass. */
function lifeOf({ failing }: { failing?: string } = {}) {
  const log: string[] = [];
  const gates = new Map<string, () => void>();
  const entered = new Map<string, () => void>();
  const clock = { ms: 1000 };
  const steps: StartStep[] = NAMES.map((name) => [
    name,
    async () => {
      log.push(name);
      await new Promise<void>((resolve) => {
        gates.set(name, resolve);
        entered.get(name)?.();
      });
      if (name === failing) throw new Error(`${name} failed`);
    },
  ]);
  const silent = () => {};
  const life = new Lifecycle({
    steps,
    serving: () => log.push('serving'),
    close: () => log.push('close'),
    pool: {
      workers: [],
      raise: async () => {
        log.push('raise');
        return [];
      },
      quiesce: async () => {
        log.push('quiesce');
      },
      stop: async () => {
        log.push('stop at once');
      },
    },
    drain: {
      run: async (_workers, reason) => {
        log.push(`drain ${reason}`);
      },
    },
    readiness: { drain: () => log.push('not ready') },
    logger: { debug: silent, info: silent, warn: silent, error: silent } satisfies Logger,
    now: () => clock.ms,
  });
  /** Waits until a step is under way. */
  const step = (name: string) =>
    gates.has(name) ? undefined : new Promise<void>((resolve) => entered.set(name, resolve));
  return { life, log, clock, step, pass: (name: string) => gates.get(name)!() };
}

t.test('the steps run one after the other, then the server serves', async (t) => {
  const { life, log, step, pass } = lifeOf();
  const over = life.run();
  for (const name of NAMES) {
    await step(name);
    pass(name);
  }
  while (!log.includes('serving')) await new Promise((resolve) => setImmediate(resolve));
  life.stop('test');
  await over;
  t.same(log, [...NAMES, 'serving', 'not ready', 'quiesce', 'drain stopping', 'close']);
});

for (const during of NAMES) {
  for (const outcome of ['succeeds', 'fails'] as const) {
    t.test(`a stop is in order during the step "${during}", which then ${outcome}`, async (t) => {
      const { life, log, step, pass } = lifeOf(outcome === 'fails' ? { failing: during } : {});
      const over = life.run();
      const before = NAMES.slice(0, NAMES.indexOf(during));
      for (const name of before) {
        await step(name);
        pass(name);
      }
      await step(during);
      life.signal('SIGTERM');
      pass(during);
      await over;
      t.same(
        log,
        [...before, during, 'not ready', 'quiesce', 'drain stopping', 'close'],
        'no later step runs, and everything that was opened is closed after the step',
      );
      t.ok(life.isStopping);
    });
  }
}

t.test('a step that fails ends the start, and everything that was opened is closed', async (t) => {
  const { life, log, step, pass } = lifeOf({ failing: 'admin' });
  const over = life.run();
  await step('ports');
  pass('ports');
  await step('admin');
  pass('admin');
  await t.rejects(over, { message: 'admin failed' });
  t.same(log, ['ports', 'admin', 'close']);
});

t.test('a second signal within a second does not count; a later one stops at once', async (t) => {
  const { life, log, clock } = lifeOf();
  void life.run();
  life.signal('SIGTERM');
  clock.ms += 999;
  life.signal('SIGTERM');
  t.notOk(log.includes('stop at once'));
  clock.ms += 1;
  life.signal('SIGINT');
  t.ok(log.includes('stop at once'));
});

t.test('the first signal does not cut short a drain requested over HTTP', async (t) => {
  const { life, log, clock } = lifeOf();
  void life.run();
  life.stop('POST /drain');
  clock.ms += 60_000;
  life.signal('SIGTERM');
  t.notOk(log.includes('stop at once'));
  clock.ms += 1000;
  life.signal('SIGTERM');
  t.ok(log.includes('stop at once'));
});

t.test('a restart is refused while the server is starting, restarting or stopping', async (t) => {
  const { life, log, step, pass } = lifeOf();
  const over = life.run();
  t.notOk(life.restart('test'));
  for (const name of NAMES) {
    await step(name);
    pass(name);
  }
  while (!log.includes('serving')) await new Promise((resolve) => setImmediate(resolve));
  t.ok(life.restart('test'));
  t.notOk(life.restart('test'), 'one at a time');
  life.stop('test');
  t.notOk(life.restart('test'));
  await over;
});
