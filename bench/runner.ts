// Runs the arms of a scenario in turn, each against a fresh server, and collects their figures.
import { workersForRoom } from '../server/plan/capacity.js';
import { selfSigned } from './certificate.js';
import { thisMachine } from './proc/machine.js';
import type { Progress } from './progress.js';
import { RedisProcess } from './redis-process.js';
import { type Figure, RESULT_FORMAT, type Result, type RunRecord } from './result.js';
import { Run } from './run.js';
import type { Measurement, Scenario } from './scenario.js';
import type { ScenarioOptions } from './scenario-options.js';
import { type Server, type ServerNeed, startOther, startProduct } from './server.js';
import { commandName, commandTemplate, wantsRedis } from './server-command.js';

const PRODUCT_NAME = '10m-server';
/** Runs of each arm when there are two: the difference between them is the noise. */
const ROUNDS = 2;
/** The first port of the article, which load clients elsewhere connect to. */
const EXTERNAL_FIRST_PORT = 10_000;

interface Arm {
  readonly name: string;
  start(need: ServerNeed, signal: AbortSignal): Promise<Server>;
}

/** @param against the command of another server, or undefined */
export async function runScenario(
  scenario: Scenario,
  options: ScenarioOptions,
  against: string | undefined,
  progress: Progress,
  signal: AbortSignal,
): Promise<Result> {
  const startedAt = new Date();
  const machine = thisMachine();
  const { connections } = options;
  const workers = Math.max(options.workers, workersForRoom(connections, machine.connectionsPerProcess));
  const arms: Arm[] = [{ name: PRODUCT_NAME, start: startProduct }];
  if (against !== undefined) {
    arms.push({
      name: commandName(against),
      start: (need, aborted) => startOther(against, need, aborted),
    });
  }
  const needsRedis = scenario.usesRedis || (against !== undefined && wantsRedis(commandTemplate(against)));
  const turns = against === undefined ? arms : Array.from({ length: ROUNDS }, () => arms).flat();
  const measurements: Record<string, Measurement[]> = {};
  const runs: RunRecord[] = [];
  for (const [i, arm] of turns.entries()) {
    signal.throwIfAborted();
    progress.begin(`${scenario.name}, ${arm.name}, run ${i + 1} of ${turns.length}`);
    const certificate = options.tls ? selfSigned() : undefined;
    const redis = needsRedis ? await RedisProcess.start(signal) : undefined;
    try {
      const need: ServerNeed = {
        connections,
        sockets: scenario.sockets(options),
        workers,
        pingSeconds: scenario.pingSeconds(options),
        redisPort: scenario.usesRedis || arm.name !== PRODUCT_NAME ? redis?.port : undefined,
        connectionsPerProcess: machine.connectionsPerProcess,
        certificate,
        ...(options.load === 'external' ? { firstPort: EXTERNAL_FIRST_PORT } : {}),
      };
      const { measurement, run } = await runArm(scenario, arm, need, options, redis, progress, signal);
      measurements[arm.name] = [...(measurements[arm.name] ?? []), measurement];
      runs.push({ arm: arm.name, samples: run.samples, curves: measurement.curves ?? [] });
    } finally {
      certificate?.remove();
      await redis?.stop();
    }
  }
  return {
    format: RESULT_FORMAT,
    scenario: scenario.name,
    startedAt: startedAt.toISOString(),
    seconds: (Date.now() - startedAt.getTime()) / 1000,
    machine,
    options: { ...options, workers },
    arms: arms.map(({ name }) => name),
    against: against ?? null,
    figures: figuresOf(scenario, measurements),
    runs,
  };
}

async function runArm(
  scenario: Scenario,
  arm: Arm,
  need: ServerNeed,
  options: ScenarioOptions,
  redis: RedisProcess | undefined,
  progress: Progress,
  signal: AbortSignal,
): Promise<{ measurement: Measurement; run: Run }> {
  const server = await arm.start(need, signal);
  const run = new Run({
    options,
    server,
    redis: scenario.usesRedis ? redis : undefined,
    signal,
    progress,
    connectionsPerProcess: need.connectionsPerProcess,
    tls: need.certificate === undefined ? undefined : { ca: need.certificate.pem },
  });
  try {
    if (scenario.usesRedis) await redis?.waitForSubscribers(1, signal);
    const measurement = await abortable(scenario.measure(run), signal);
    server.assertRunning();
    return { measurement, run };
  } finally {
    await run.end();
    await server.stop();
  }
}

/** Settles as `work` does, or rejects as soon as `signal` is aborted, whatever the work waits for. */
function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = new Promise<never>((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  return Promise.race([work, aborted]);
}

function figuresOf(
  scenario: Scenario,
  measurements: Readonly<Record<string, readonly Measurement[]>>,
): Record<string, Figure> {
  const figures: Record<string, Figure> = {};
  for (const [key, spec] of Object.entries(scenario.figures)) {
    const arms: Record<string, (number | null)[]> = {};
    const noise: Record<string, (number | null)[]> = {};
    let isNoisy = false;
    for (const [arm, ofArm] of Object.entries(measurements)) {
      const values = ofArm.map((measurement) => measurement.values[key]);
      arms[arm] = values.map((value) => (typeof value === 'number' ? value : null));
      noise[arm] = values.map((value) => (typeof value === 'object' ? value.noise : null));
      isNoisy ||= noise[arm].some((of) => of !== null);
    }
    figures[key] = { ...spec, arms, ...(isNoisy ? { noise } : {}) };
  }
  return figures;
}
