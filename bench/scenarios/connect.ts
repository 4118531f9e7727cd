// connect: what a handshake costs, and how long all connections take to return after all were cut.
import { cpuMicros, perSecond, perUnit } from '../noise.js';
import type { Connected, Run } from '../run.js';
import type { Measurement, Scenario } from '../scenario.js';

export const connect: Scenario = {
  name: 'connect',
  summary: 'connections as fast as possible, then all again at once',
  defaults: { connections: 18_000, workers: 1, duration: 1 },
  figures: {
    cpuMicros: { name: 'CPU per handshake', unit: 'µs', better: 'lower' },
    rate: { name: 'handshakes', unit: '1/s', better: 'higher' },
    failed: { name: 'failed', unit: 'attempts', better: 'lower' },
    stormCpuMicros: { name: 'CPU per handshake in the storm', unit: 'µs', better: 'lower' },
    stormSeconds: { name: 'until all are back', unit: 's', better: 'lower' },
    stormRate: { name: 'handshakes in the storm', unit: '1/s', better: 'higher' },
    stormFailed: { name: 'failed in the storm', unit: 'attempts', better: 'lower' },
  },
  usesRedis: false,
  pingSeconds: () => 0,
  // A server that reads nothing holds the sockets of the first round until it writes to them.
  sockets: ({ connections }) => 2 * connections,

  async measure(run: Run): Promise<Measurement> {
    const { options } = run;
    const load = run.newLoad(options.connections);
    const shape = { connections: options.connections, channel: 'c{n}' };
    const first = await measured(run, () => run.connect(load, shape));
    run.say('cutting all connections');
    await run.cut(load);
    await run.wait(options.duration);
    const storm = await measured(run, () => run.connect(load, { ...shape, isStorm: true }));
    return {
      values: {
        cpuMicros: first.cpuMicros,
        rate: perSecond(first.counts.made, first.seconds),
        failed: first.counts.failed,
        stormCpuMicros: storm.cpuMicros,
        stormSeconds: storm.seconds,
        stormRate: perSecond(storm.counts.made, storm.seconds),
        stormFailed: storm.counts.failed,
      },
    };
  },
};

async function measured(run: Run, connect: () => Promise<Connected>) {
  const cpuBefore = run.server.cpuSeconds;
  const connected = await connect();
  const cpu = cpuMicros(run.server.cpuSeconds - cpuBefore, run.server.pids.length);
  return { ...connected, cpuMicros: perUnit(cpu, connected.counts.made) };
}
