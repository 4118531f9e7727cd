// churn: connections come and go while messages flow; nothing may be lost, and no memory may be kept.
import { setTimeout as sleep } from 'node:timers/promises';
import { type LedgerSum, sumLedger } from '../ledger.js';
import type { ChurnTask } from '../load/churner.js';
import type { Load } from '../load/load.js';
import { perUnit, userMemory } from '../noise.js';
import type { Run } from '../run.js';
import type { Measurement, Scenario } from '../scenario.js';
import { nowMs, stampText } from '../stamp.js';

const CONNECTIONS_PER_CHANNEL = 20;
const LIFE_MS = { min: 500, max: 4_000 };
/** A first round, after which the memory before is read: what grows once only has grown then. */
const WARM_UP_SHARE = 0.3;
const PUBLISH_EVERY_MS = 10;
/** For the difference between the clocks of publisher and load, and for the last messages of a connection. */
const MARGIN_MS = 20;
const GRACE_MS = 2_000;
/** Short enough that a server that never reads notices within the run which connections have gone. */
const PING_SECONDS = 2;

export const churn: Scenario = {
  name: 'churn',
  summary: 'connections come and go while messages flow',
  defaults: { connections: 2_000, workers: 2, duration: 20, rate: 1_000 },
  figures: {
    lost: { name: 'lost', unit: 'deliveries', better: 'lower' },
    duplicated: { name: 'duplicated', unit: 'deliveries', better: 'lower' },
    outOfOrder: { name: 'out of order', unit: 'deliveries', better: 'lower' },
    deliveries: { name: 'deliveries', unit: 'deliveries', better: 'fact' },
    churned: { name: 'connections made', unit: 'connections', better: 'fact' },
    failed: { name: 'failed', unit: 'attempts', better: 'lower' },
    broken: { name: 'closed by the server', unit: 'connections', better: 'lower' },
    memoryBefore: { name: 'user memory before', unit: 'MB', better: 'lower' },
    memoryAfter: { name: 'user memory after', unit: 'MB', better: 'lower' },
    growth: { name: 'growth per connection made', unit: 'B', better: 'lower' },
  },
  usesRedis: true,
  pingSeconds: () => PING_SECONDS,
  sockets: ({ connections }) => 4 * connections,

  async measure(run: Run): Promise<Measurement> {
    const { connections, duration } = run.options;
    const load = run.newLoad(connections);
    await churnFor(run, load, duration * WARM_UP_SHARE);
    run.say('waiting for the memory to settle');
    const before = await settledAfterPings(run);
    const { sum, made, failed, broken } = await churnFor(run, load, duration * (1 - WARM_UP_SHARE));
    run.say('waiting for the memory to settle');
    const after = await settledAfterPings(run);
    return {
      values: {
        lost: sum.lost,
        duplicated: sum.duplicated,
        outOfOrder: sum.outOfOrder,
        deliveries: sum.received,
        churned: made,
        failed,
        broken,
        memoryBefore: before / 1e6,
        memoryAfter: after / 1e6,
        growth: perUnit(userMemory(after - before, run.server.pids.length), made),
      },
    };
  },
};

/** The memory without connections, once a server that only writes has noticed by its pings that they have gone. */
async function settledAfterPings(run: Run): Promise<number> {
  run.setConnected(0);
  await run.wait(1.5 * PING_SECONDS);
  return run.server.settledBytes(run.signal);
}

interface Churned {
  readonly sum: LedgerSum;
  readonly made: number;
  readonly failed: number;
  readonly broken: number;
}

/** Lets connections come and go for a time, publishes meanwhile, and sums the ledgers up. */
async function churnFor(run: Run, load: Load, seconds: number): Promise<Churned> {
  const { connections, rate } = run.options;
  const { firstPort, connectionsPerPort } = run.server;
  const channels = Math.max(1, Math.floor(connections / CONNECTIONS_PER_CHANNEL));
  const tasks: ChurnTask[] = Array.from({ length: load.processes }, (_, i) => {
    const firstNumber = Math.floor((i * connections) / load.processes);
    return {
      port: firstPort,
      connectionsPerPort,
      firstNumber,
      count: Math.floor(((i + 1) * connections) / load.processes) - firstNumber,
      channels,
      minLifeMs: LIFE_MS.min,
      maxLifeMs: LIFE_MS.max,
    };
  });
  await load.churn(tasks);
  const times: number[][] = Array.from({ length: channels }, () => []);
  const startMs = performance.now();
  let published = 0;
  let saidMs = 0;
  for (let elapsedMs = 0; elapsedMs < seconds * 1000; elapsedMs = performance.now() - startMs) {
    const publications: Promise<void>[] = [];
    for (; published < (elapsedMs * rate) / 1000; published++) {
      const channel = published % channels;
      const now = nowMs();
      times[channel]!.push(now);
      publications.push(run.redis!.publish(`c${channel}`, stampText(now, times[channel]!.length)));
    }
    await Promise.all(publications);
    if (elapsedMs - saidMs > 500) {
      saidMs = elapsedMs;
      const { connected, made, messages } = await load.counts();
      run.setConnected(connected);
      run.say(`churning: ${connected} connected, ${made} made, ${messages} deliveries`);
    }
    await sleep(PUBLISH_EVERY_MS, undefined, { signal: run.signal });
  }
  const counts = await load.counts();
  const records = await load.records();
  return {
    sum: sumLedger(records, times, MARGIN_MS, GRACE_MS),
    made: records.length,
    failed: counts.failed,
    broken: counts.lost,
  };
}
