import t from 'tap';
import type { WorkerHandle } from '../../../server/primary/worker-handle.js';
import { WorkerWatch } from '../../../server/primary/worker-watch.js';

function watchOf(state: 'starting' | 'listening' | 'draining', silenceS = 3) {
  const asked: string[] = [];
  const killed: string[] = [];
  const worker = {
    state,
    silentS: 0,
    startingS: 0,
    send: ({ kind }: { kind: string }) => asked.push(kind),
  } as unknown as WorkerHandle;
  const watch = new WorkerWatch({
    workers: () => [worker],
    silenceS,
    startS: 5,
    kill: (_worker, reason) => killed.push(reason),
  });
  return { watch, worker, asked, killed };
}

const looks = (watch: WorkerWatch, count: number) => {
  for (let i = 0; i < count; i++) watch.look();
};

for (const state of ['listening', 'draining'] as const) {
  t.test(`a worker that is ${state} and silent is first asked, then killed`, (t) => {
    const { watch, asked, killed } = watchOf(state);
    looks(watch, 3);
    t.same([asked.length, killed], [2, []]);
    looks(watch, 1);
    t.same(killed, ['silent']);
    t.end();
  });
}

t.test('a worker that sends a message every second is neither asked nor killed', (t) => {
  const { watch, worker, asked, killed } = watchOf('listening');
  for (let i = 0; i < 100; i++) {
    watch.look();
    worker.silentS = 0;
  }
  t.same([asked, killed], [[], []]);
  t.end();
});

t.test('a timeout of 0 never kills a worker', (t) => {
  const { watch, killed } = watchOf('listening', 0);
  looks(watch, 1000);
  t.same(killed, []);
  t.end();
});

t.test('a worker that does not come up in time is killed even if it sends messages', (t) => {
  const { watch, worker, killed } = watchOf('starting');
  for (let i = 0; i < 5; i++) {
    watch.look();
    worker.silentS = 0;
  }
  t.same(killed, []);
  watch.look();
  t.same(killed, ['late_start']);
  t.end();
});
