// idle: what a connection costs while nothing happens.
import { cpuMicros, perUnit, sumOf, userMemory } from '../noise.js';
import { bytesPerSocket, kernelMemory } from '../proc/kernel-memory.js';
import type { Run } from '../run.js';
import type { Measurement, Scenario } from '../scenario.js';

/** The garbage of connecting is still being collected for a while after its memory was given back. */
const REST_SECONDS = 20;

export const idle: Scenario = {
  name: 'idle',
  summary: 'connections that are open while nothing happens',
  defaults: { connections: 100_000, tlsConnections: 20_000, workers: 8, duration: 30 },
  figures: {
    userBytes: { name: 'user memory per connection', unit: 'B', better: 'lower' },
    kernelBytes: { name: 'kernel memory per socket', unit: 'B', better: 'lower' },
    totalBytes: { name: 'total memory per connection', unit: 'B', better: 'lower' },
    cpuPercent: { name: 'CPU while idle', unit: '% of a core', better: 'lower' },
    clientBytes: { name: "load client's user memory per connection", unit: 'B', better: 'fact' },
    connected: { name: 'connected', unit: 'connections', better: 'fact' },
    failed: { name: 'failed', unit: 'connections', better: 'lower' },
  },
  usesRedis: false,
  pingSeconds: () => 0,
  sockets: ({ connections }) => connections,

  async measure(run: Run): Promise<Measurement> {
    const { server, options, signal } = run;
    const load = run.newLoad(options.connections);
    run.say('waiting for the memory of the empty server to settle');
    const earlier = kernelMemory();
    const userBefore = await server.settledBytes(signal);
    const clientBefore = await load.settledBytes(signal);
    const before = kernelMemory();
    const { counts } = await run.connect(load, {
      connections: options.connections,
      channel: options.shared ? 'shared' : 'c{n}',
    });
    run.say('waiting for the memory of the full server to settle');
    const userAfter = await server.settledBytes(signal);
    const kernelBytes = bytesPerSocket({ earlier, before, after: kernelMemory() });
    const clientAfter = await load.settledBytes(signal);
    run.say('waiting for the last garbage collections');
    await run.wait(Math.min(REST_SECONDS, options.duration));
    run.say(`idle for ${options.duration} s`);
    const cpuBefore = server.cpuSeconds;
    const startMs = performance.now();
    await run.wait(options.duration);
    const cpu = server.cpuSeconds - cpuBefore;
    const seconds = (performance.now() - startMs) / 1000;
    const processes = server.pids.length;
    const userBytes = perUnit(userMemory(userAfter - userBefore, processes), counts.connected);
    return {
      values: {
        userBytes,
        kernelBytes,
        totalBytes: sumOf(userBytes, kernelBytes),
        // A percent of a core is 10,000 µs in each second.
        cpuPercent: perUnit(cpuMicros(cpu, processes), seconds * 1e4),
        clientBytes: perUnit(userMemory(clientAfter - clientBefore, load.processes), counts.connected),
        connected: counts.connected,
        failed: counts.failed,
      },
    };
  },
};
