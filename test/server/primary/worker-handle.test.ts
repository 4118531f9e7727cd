import type { Worker as ClusterWorker } from 'node:cluster';
import { EventEmitter } from 'node:events';
import t from 'tap';
import { WorkerHandle } from '../../../server/primary/worker-handle.js';

/** A cluster worker without a process; `pid` is `undefined` if the process could not be created. */
function handleOf(pid: number | undefined) {
  const sent: unknown[] = [];
  const killed: string[] = [];
  const emitter = Object.assign(new EventEmitter(), {
    id: 7,
    process: { pid, kill: (signal: string) => killed.push(signal) },
    isConnected: () => pid !== undefined,
    send: (message: unknown, sentAll: () => void) => {
      sent.push(message);
      sentAll();
    },
  });
  return {
    handle: new WorkerHandle(1, { number: 1, keyFile: undefined }, emitter as unknown as ClusterWorker),
    emitter,
    sent,
    killed,
  };
}

t.test('exited resolves to how the process ended', async (t) => {
  const killed = handleOf(42);
  killed.emitter.emit('exit', null, 'SIGKILL');
  t.equal(await killed.handle.exited, 'SIGKILL');
  const failed = handleOf(42);
  failed.emitter.emit('exit', 1, null);
  t.equal(await failed.handle.exited, 'exit code 1');
});

t.test('a process that could not be created counts as ended', async (t) => {
  const { handle, emitter, sent } = handleOf(undefined);
  emitter.emit('error', new Error('spawn EMFILE'));
  t.equal(await handle.exited, 'it could not be started: spawn EMFILE');
  handle.send({ kind: 'shut' });
  handle.kill();
  t.same(sent, []);
});

t.test('an error of a running process does not count as its end', async (t) => {
  const { handle, emitter } = handleOf(42);
  emitter.emit('error', new Error('write EPIPE'));
  emitter.emit('exit', 0, null);
  t.equal(await handle.exited, 'exit code 0');
});

t.test('shut() resolves to whether the worker stopped listening in time', async (t) => {
  const answers = handleOf(42);
  const shut = answers.handle.shut();
  answers.handle.note({ kind: 'shut' });
  t.equal(await shut, true);
  const ends = handleOf(42);
  const ending = ends.handle.shut();
  ends.emitter.emit('exit', null, 'SIGKILL');
  t.equal(await ending, true);
  t.equal(await handleOf(42).handle.shut(), false, 'the worker does neither');
});

t.test('messages of the embedded broker go to the worker until it ends', async (t) => {
  const { handle, emitter, sent } = handleOf(42);
  const [channel, payload] = [Buffer.from('news'), Buffer.from('hello')];
  handle.outbox.push(channel, payload);
  await new Promise((resolve) => setImmediate(resolve));
  t.same(sent, [{ kind: 'messages', channels: [channel], payloads: [payload] }]);
  emitter.isConnected = () => false;
  while (!handle.outbox.isFull) handle.outbox.push(channel, Buffer.alloc(1024 * 1024));
  emitter.emit('exit', 1, null);
  await handle.exited;
  t.equal(handle.outbox.isFull, false, 'the waiting messages are discarded');
});
