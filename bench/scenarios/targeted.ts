// targeted: messages to one connection each, alone and beside a broadcast every second.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Load } from '../load/load.js';
import { cpuMicros, perUnit } from '../noise.js';
import type { Run } from '../run.js';
import { curveOf, type Measurement, type Scenario } from '../scenario.js';
import { nowMs, stampText } from '../stamp.js';

/** The share of the connections that are addressed one by one; the others are members of the broadcast. */
const TARGET_SHARE = 1 / 6;
const BROADCAST_EVERY_MS = 1_000;
const PUBLISH_EVERY_MS = 5;
/** How long the last messages may take. */
const GRACE_SECONDS = 1;

export const targeted: Scenario = {
  name: 'targeted',
  summary: 'messages to random single-member channels, without and with a broadcast each second beside them',
  defaults: { connections: 18_000, workers: 1, duration: 20, rate: 1_000 },
  figures: {
    cpuMicros: { name: 'CPU per message', unit: 'µs', better: 'lower' },
    rate: { name: 'messages', unit: '1/s', better: 'fact' },
    aloneP50: { name: 'latency p50, alone', unit: 'ms', better: 'lower' },
    aloneP99: { name: 'latency p99, alone', unit: 'ms', better: 'lower' },
    aloneMax: { name: 'latency max, alone', unit: 'ms', better: 'lower' },
    aloneLost: { name: 'lost, alone', unit: 'messages', better: 'lower' },
    besideP50: { name: 'latency p50, beside a broadcast', unit: 'ms', better: 'lower' },
    besideP99: { name: 'latency p99, beside a broadcast', unit: 'ms', better: 'lower' },
    besideMax: { name: 'latency max, beside a broadcast', unit: 'ms', better: 'lower' },
    besideLost: { name: 'lost, beside a broadcast', unit: 'messages', better: 'lower' },
    members: { name: 'members of the broadcast', unit: 'connections', better: 'fact' },
    broadcastLost: { name: 'lost of the broadcast', unit: 'deliveries', better: 'lower' },
  },
  usesRedis: true,
  pingSeconds: () => 0,
  sockets: ({ connections }) => connections,

  async measure(run: Run): Promise<Measurement> {
    const { connections, duration } = run.options;
    const targets = Math.max(1, Math.round(connections * TARGET_SHARE));
    const members = connections - targets;
    // Processes of their own, so that a target does not wait until its process has read the broadcast.
    const targetLoad = run.newLoad(targets);
    const memberLoad = run.newLoad(members);
    const first = await run.connect(targetLoad, { connections: targets, channel: 'c{n}' });
    const second = await run.connect(memberLoad, { connections: members, channel: 'all' });
    const failed = first.counts.failed + second.counts.failed;
    if (failed > 0)
      throw new Error(`${failed} connections failed: ${JSON.stringify(second.counts.failures)}`);

    run.say('warming up');
    await publishFor(run, targetLoad, targets, 1, true);
    run.say('messages alone');
    const alone = await publishFor(run, targetLoad, targets, duration / 2, false);
    run.say('messages beside a broadcast');
    const before = (await memberLoad.counts()).messages;
    const beside = await publishFor(run, targetLoad, targets, duration / 2, true);
    const broadcast = (await memberLoad.counts()).messages - before;
    return {
      values: {
        cpuMicros: perUnit(cpuMicros(alone.cpuSeconds, run.server.pids.length), alone.received),
        rate: alone.published / alone.seconds,
        aloneP50: alone.latency.percentileMs(0.5),
        aloneP99: alone.latency.percentileMs(0.99),
        aloneMax: alone.latency.maxMs,
        aloneLost: alone.published - alone.received,
        besideP50: beside.latency.percentileMs(0.5),
        besideP99: beside.latency.percentileMs(0.99),
        besideMax: beside.latency.maxMs,
        besideLost: beside.published - beside.received,
        members,
        broadcastLost: beside.broadcasts * members - broadcast,
      },
      curves: [curveOf('alone', alone.latency), curveOf('beside a broadcast', beside.latency)],
    };
  },
};

/** Publishes at the rate to targets at random, for a time, and a broadcast each second where that is asked for. */
async function publishFor(run: Run, load: Load, targets: number, seconds: number, broadcasts: boolean) {
  const { redis, options, server } = run;
  const { messages: before } = await load.counts();
  await load.take();
  const cpuBefore = server.cpuSeconds;
  const startMs = performance.now();
  const publications: Promise<void>[] = [];
  let published = 0;
  let broadcast = 0;
  for (let elapsedMs = 0; elapsedMs < seconds * 1000; elapsedMs = performance.now() - startMs) {
    for (; published < (elapsedMs * options.rate) / 1000; published++) {
      const channel = `c${Math.floor(Math.random() * targets)}`;
      publications.push(redis!.publish(channel, stampText(nowMs(), published)));
    }
    if (broadcasts && elapsedMs >= broadcast * BROADCAST_EVERY_MS) {
      broadcast++;
      publications.push(redis!.publish('all', stampText(nowMs(), broadcast)));
    }
    await sleep(PUBLISH_EVERY_MS, undefined, { signal: run.signal });
  }
  await Promise.all(publications);
  const elapsedSeconds = (performance.now() - startMs) / 1000;
  await run.wait(GRACE_SECONDS);
  const cpuSeconds = server.cpuSeconds - cpuBefore;
  const { latency, counts } = await load.take();
  return {
    published,
    received: counts.messages - before,
    broadcasts: broadcast,
    seconds: elapsedSeconds,
    cpuSeconds,
    latency,
  };
}
