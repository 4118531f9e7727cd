// fanout: one channel with many members; single messages, bursts, and the worker's loop meanwhile.
import type { Load, LoadReading } from '../load/load.js';
import { metricTotal } from '../metrics-text.js';
import { cpuMicros, perSecond, perUnit, type Value } from '../noise.js';
import type { Run } from '../run.js';
import { curveOf, type Measurement, type Scenario } from '../scenario.js';
import { nowMs, stampText } from '../stamp.js';
import { percentile } from '../statistics.js';

const BURST_MESSAGES = 20;
/** How the parts share the measured time, pauses included. */
const PARTS = { singles: 0.4, bursts: 0.4, loop: 0.2 };
const PAUSE_SECONDS = 0.1;
/** Between two looks at what has been delivered. */
const LOOK_EVERY_SECONDS = 0.02;
/**
 * The server samples its loop by the ticks of its ping wheel, 512 to an interval of this length: one each 100 ms, and pings
 * that are less than 1% of the deliveries.
 */
const LOOP_SAMPLE_SECONDS = 51;
/** When nothing has been delivered for this long, the deliveries that are missing are lost. */
const STALL_MS = 1_000;

export const fanout: Scenario = {
  name: 'fanout',
  summary: 'one channel with all members: single messages and bursts of 20',
  defaults: { connections: 15_000, workers: 1, duration: 20 },
  figures: {
    singleCpuMicros: { name: 'CPU per delivery, single message', unit: 'µs', better: 'lower' },
    singleRate: { name: 'deliveries, single message', unit: '1/s', better: 'higher' },
    singleP50: { name: 'latency p50, single message', unit: 'ms', better: 'lower' },
    singleP99: { name: 'latency p99, single message', unit: 'ms', better: 'lower' },
    singleMax: { name: 'latency max, single message', unit: 'ms', better: 'lower' },
    singleLost: { name: 'lost, single message', unit: 'deliveries', better: 'lower' },
    burstCpuMicros: { name: 'CPU per delivery, bursts of 20', unit: 'µs', better: 'lower' },
    burstRate: { name: 'deliveries, bursts of 20', unit: '1/s', better: 'higher' },
    burstP50: { name: 'latency p50, bursts of 20', unit: 'ms', better: 'lower' },
    burstP99: { name: 'latency p99, bursts of 20', unit: 'ms', better: 'lower' },
    burstMax: { name: 'latency max, bursts of 20', unit: 'ms', better: 'lower' },
    burstLost: { name: 'lost, bursts of 20', unit: 'deliveries', better: 'lower' },
    loopDelayP99: { name: "worker's event-loop delay p99", unit: 'ms', better: 'lower' },
    loopDelayMax: { name: "worker's event-loop delay max", unit: 'ms', better: 'lower' },
  },
  usesRedis: true,
  pingSeconds: () => LOOP_SAMPLE_SECONDS,
  sockets: ({ connections }) => connections,

  async measure(run: Run): Promise<Measurement> {
    const { connections, duration } = run.options;
    const load = run.newLoad(connections);
    const { counts } = await run.connect(load, { connections, channel: 'news' });
    // The first message runs code that has not run before, at both ends.
    run.say('warming up');
    await publishFor(run, load, counts.connected, BURST_MESSAGES, 1);
    run.say('single messages');
    const single = await publishFor(run, load, counts.connected, 1, duration * PARTS.singles);
    run.say(`bursts of ${BURST_MESSAGES}`);
    const burst = await publishFor(run, load, counts.connected, BURST_MESSAGES, duration * PARTS.bursts);
    run.say("watching the worker's event loop");
    const delays = await loopDelaysMs(run, load, counts.connected, duration * PARTS.loop);
    return {
      values: {
        singleCpuMicros: single.cpuMicros,
        singleRate: single.rate,
        singleP50: single.reading.latency.percentileMs(0.5),
        singleP99: single.reading.latency.percentileMs(0.99),
        singleMax: single.reading.latency.maxMs,
        singleLost: single.lost,
        burstCpuMicros: burst.cpuMicros,
        burstRate: burst.rate,
        burstP50: burst.reading.latency.percentileMs(0.5),
        burstP99: burst.reading.latency.percentileMs(0.99),
        burstMax: burst.reading.latency.maxMs,
        burstLost: burst.lost,
        loopDelayP99: percentile(delays, 0.99),
        loopDelayMax: percentile(delays, 1),
      },
      curves: [
        curveOf('single message', single.reading.latency),
        curveOf(`bursts of ${BURST_MESSAGES}`, burst.reading.latency),
      ],
    };
  },
};

interface Published {
  readonly cpuMicros: Value;
  /** Deliveries a second, from the publication to the last one. */
  readonly rate: Value;
  readonly lost: number;
  readonly reading: LoadReading;
}

/** Publishes bursts for a time, each once the one before has been delivered. */
async function publishFor(
  run: Run,
  load: Load,
  members: number,
  messages: number,
  seconds: number,
): Promise<Published> {
  await load.take();
  const { messages: receivedBefore } = await load.counts();
  const cpuBefore = run.server.cpuSeconds;
  const untilMs = performance.now() + seconds * 1000;
  let published = 0;
  let busyMs = 0;
  do {
    busyMs += await publishOnce(run, load, members, messages);
    published += messages;
    await run.wait(PAUSE_SECONDS);
  } while (performance.now() < untilMs);
  const cpu = run.server.cpuSeconds - cpuBefore;
  const reading = await load.take();
  const received = reading.counts.messages - receivedBefore;
  return {
    cpuMicros: perUnit(cpuMicros(cpu, run.server.pids.length), received),
    rate: perSecond(received, busyMs / 1000),
    lost: published * members - received,
    reading,
  };
}

/** @returns from publication to the last delivery, ms */
async function publishOnce(run: Run, load: Load, members: number, messages: number): Promise<number> {
  const { messages: before } = await load.deliveries();
  const publishedAtMs = nowMs();
  await Promise.all(
    Array.from({ length: messages }, (_, i) => run.redis!.publish('news', stampText(nowMs(), i + 1))),
  );
  let received = 0;
  let deliveredAtMs = 0;
  let changedAtMs = nowMs();
  while (received < members * messages && nowMs() - changedAtMs < STALL_MS) {
    await run.wait(LOOK_EVERY_SECONDS);
    const now = await load.deliveries();
    if (now.messages - before !== received) changedAtMs = nowMs();
    received = now.messages - before;
    deliveredAtMs = now.lastAtMs;
  }
  return Math.max(0, deliveredAtMs - publishedAtMs);
}

/** The longest delay of the loop during each of several messages; empty where the server does not tell them. */
async function loopDelaysMs(run: Run, load: Load, members: number, seconds: number): Promise<number[]> {
  const delays: number[] = [];
  if ((await run.server.metrics()) === undefined) return delays;
  const untilMs = performance.now() + seconds * 1000;
  do {
    await run.wait(PAUSE_SECONDS);
    await run.server.metrics();
    await publishOnce(run, load, members, 1);
    await run.wait(PAUSE_SECONDS);
    const text = (await run.server.metrics()) ?? '';
    const max = metricTotal(text, 'nodejs_eventloop_lag_max_seconds');
    if (max !== undefined) delays.push(max * 1000);
  } while (performance.now() < untilMs);
  return delays;
}
