import t, { type Test } from 'tap';
import type { BrokerState, Publisher } from '../../../server/broker/broker.js';
import { newProbeIdentity, ProbeReader } from '../../../server/broker/probe.js';
import { Readiness } from '../../../server/primary/readiness.js';
import type { WorkerHandle } from '../../../server/primary/worker-handle.js';
import { keptLog } from '../../harness/log.js';

const CONNECTED: BrokerState = { isConnected: true, reason: '' };

const workerOf = (number: number, more: Partial<WorkerHandle> = {}) =>
  ({
    number,
    state: 'listening',
    broker: CONNECTED,
    probeMs: performance.now(),
    outbox: { isLeftOut: false },
    ...more,
  }) as WorkerHandle;

function readinessOf(serving: WorkerHandle[], state: BrokerState = CONNECTED, expected = serving.length) {
  const probes = newProbeIdentity();
  const published: Buffer[] = [];
  const publisher = {
    state,
    async probe(payload: Buffer): Promise<void> {
      published.push(payload);
      if (!this.state.isConnected) throw new Error('refused');
    },
  };
  const log = keptLog();
  const readiness = new Readiness(
    publisher as unknown as Publisher,
    probes,
    { serving },
    expected,
    log.logger,
  );
  return { readiness, publisher, published, log, probes };
}

/** Replaces setInterval by a timer that the test advances. */
function withTimers(t: Test): (seconds: number) => void {
  const original = globalThis.setInterval;
  let tick = (): void => {};
  globalThis.setInterval = ((run: () => void) => {
    tick = run;
    return original(() => {}, 1e6).unref();
  }) as typeof setInterval;
  t.teardown(() => {
    globalThis.setInterval = original;
  });
  return (seconds) => {
    for (let second = 0; second < seconds; second++) tick();
  };
}

t.test('each obstacle is named', async (t) => {
  const { obstacle: none } = readinessOf([workerOf(1), workerOf(2)]).readiness;
  t.equal(none, undefined);
  const obstacleWith = (second: Partial<WorkerHandle>, state = CONNECTED) =>
    readinessOf([workerOf(1), workerOf(2, second)], state).readiness.obstacle;
  t.equal(readinessOf([workerOf(1)], CONNECTED, 2).readiness.obstacle, '1 of 2 workers are running');
  t.equal(obstacleWith({ state: 'starting' }), '1 of 2 workers is starting');
  t.equal(obstacleWith({ state: 'full' }), 'worker 2 is full and not listening');
  t.equal(obstacleWith({ state: 'draining' }), 'worker 2 is draining');
  t.equal(
    obstacleWith({ broker: { isConnected: false, reason: 'NOAUTH' } }),
    'worker 2 is not connected to the broker: NOAUTH',
  );
  t.equal(
    obstacleWith({ broker: { isConnected: true, reason: 'NOPERM' } }),
    'worker 2 may not receive from the broker: NOPERM',
  );
  t.equal(
    obstacleWith({ outbox: { isLeftOut: true } as WorkerHandle['outbox'] }),
    'worker 2 does not keep up, and gets no messages',
  );
  t.equal(obstacleWith({ probeMs: 0 }), 'worker 2 has not received a probe yet');
  t.equal(obstacleWith({ probeMs: performance.now() - 7000 }), 'worker 2 has received no probe for 7 s');
  t.equal(obstacleWith({ probeMs: performance.now() - 4000 }), undefined);
  const { readiness } = readinessOf([workerOf(1)]);
  readiness.drain();
  t.equal(readiness.obstacle, 'draining');
});

t.test('the obstacle says what starting workers wait for', async (t) => {
  const broker = { isConnected: false, reason: 'connect ECONNREFUSED 127.0.0.1:6379' };
  const starting = { state: 'starting', broker } as const;
  const obstacleOf = (...workers: Partial<WorkerHandle>[]) =>
    readinessOf(workers.map((parts, i) => workerOf(i + 1, parts))).readiness.obstacle;
  t.equal(obstacleOf(starting, starting), '2 of 2 workers are starting');
  const loaded = { ...starting, hasLoaded: true };
  t.equal(
    obstacleOf(loaded, loaded),
    `2 of 2 workers are starting, waiting for the broker: ${broker.reason}`,
  );
  t.equal(obstacleOf({}, loaded), `1 of 2 workers is starting, waiting for the broker: ${broker.reason}`);
});

t.test('probes that cannot be published say nothing about the workers', async (t) => {
  const silent = { probeMs: performance.now() - 60_000 };
  const refused: BrokerState = { isConnected: false, reason: 'NOPERM no publish' };
  t.equal(readinessOf([workerOf(1, silent)], refused).readiness.obstacle, 'broker: NOPERM no publish');
  const noBroker = { broker: { isConnected: false, reason: 'ECONNREFUSED' } };
  t.equal(
    readinessOf([workerOf(1, noBroker)], refused).readiness.obstacle,
    'worker 1 is not connected to the broker: ECONNREFUSED',
    'the reason of a worker comes first',
  );
});

t.test('the server publishes a probe every second, and recognizes it', async (t) => {
  const tick = withTimers(t);
  const { readiness, published, probes } = readinessOf([workerOf(1)]);
  readiness.start(() => {});
  tick(3);
  t.equal(published.length, 3);
  const reader = new ProbeReader(probes);
  t.ok(published.every((payload) => reader.read(payload) !== undefined));
  readiness.stop();
});

t.test('the log says when the server becomes ready, and when it stays not ready', async (t) => {
  const tick = withTimers(t);
  const workers = [workerOf(1, { state: 'starting' })];
  const { readiness, log } = readinessOf(workers);
  const said = () => log.lines.splice(0).map(({ level, message, reason }) => [level, message, reason]);
  readiness.start(() => {});
  tick(4);
  t.same(said(), [], 'not ready for a moment only');
  tick(10);
  t.same(said(), [['warn', 'not ready', '1 of 1 workers is starting']], 'once');
  workers[0] = workerOf(1);
  tick(5);
  t.same(said(), [['info', 'ready', undefined]]);
  workers[0] = workerOf(1, { state: 'full' });
  tick(4);
  workers[0] = workerOf(1);
  tick(4);
  t.same(said(), [], 'a moment is not logged');
  readiness.drain();
  tick(10);
  t.same(said(), [], 'a drain has its own log lines');
  readiness.stop();
});
