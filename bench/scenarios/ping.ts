// ping: what a ping costs, and how punctual it is.
import { cpuMicros, perUnit } from '../noise.js';
import type { Run } from '../run.js';
import { curveOf, type Measurement, type Scenario } from '../scenario.js';
import type { ScenarioOptions } from '../scenario-options.js';

/** V8 collects the garbage of the start and of connecting 8 to 13 s later; that would be a tenth of the CPU of the pings. */
const COLLECT_SECONDS = 15;

const intervalSeconds = ({ connections, rate }: ScenarioOptions): number =>
  Math.max(1, Math.round(connections / rate));

export const ping: Scenario = {
  name: 'ping',
  summary: 'connections that are pinged, the interval chosen for a rate',
  defaults: { connections: 18_000, workers: 1, duration: 12, rate: 9_000 },
  figures: {
    cpuMicros: { name: 'CPU per ping', unit: 'µs', better: 'lower' },
    achievedRate: { name: 'pings', unit: '1/s', better: 'fact' },
    missed: { name: 'pings missed', unit: 'pings', better: 'lower' },
    lagP50: { name: 'ping lag p50', unit: 'ms', better: 'lower' },
    lagP99: { name: 'ping lag p99', unit: 'ms', better: 'lower' },
    lagMax: { name: 'ping lag max', unit: 'ms', better: 'lower' },
    failed: { name: 'failed', unit: 'connections', better: 'lower' },
  },
  usesRedis: false,
  pingSeconds: intervalSeconds,
  sockets: ({ connections }) => connections,

  async measure(run: Run): Promise<Measurement> {
    const { server, options } = run;
    const interval = intervalSeconds(options);
    const load = run.newLoad(options.connections);
    const { counts } = await run.connect(load, {
      connections: options.connections,
      channel: 'c{n}',
      pingIntervalMs: interval * 1000,
    });
    run.say(
      'waiting for the first ping of every connection, and for the garbage of connecting to be collected',
    );
    await run.wait(Math.max(COLLECT_SECONDS, interval * 1.5));
    const before = (await load.take()).counts.pings;
    const cpuBefore = server.cpuSeconds;
    const startMs = performance.now();
    // Whole intervals, so that every connection is due the same number of times.
    const intervals = Math.max(1, Math.round(options.duration / interval));
    for (let i = 0; i < intervals; i++) {
      run.say(`pinging, interval ${i + 1} of ${intervals}`);
      await run.wait(interval);
    }
    const seconds = (performance.now() - startMs) / 1000;
    const cpu = server.cpuSeconds - cpuBefore;
    const { counts: after, pingLag } = await load.take();
    const pings = after.pings - before;
    const due = (counts.connected * seconds) / interval;
    return {
      values: {
        cpuMicros: perUnit(cpuMicros(cpu, server.pids.length), pings),
        achievedRate: pings / seconds,
        missed: Math.max(0, Math.round(due * 0.99 - pings)),
        lagP50: pingLag.percentileMs(0.5),
        lagP99: pingLag.percentileMs(0.99),
        lagMax: pingLag.maxMs,
        failed: counts.failed,
      },
      curves: [curveOf('ping lag', pingLag)],
    };
  },
};
