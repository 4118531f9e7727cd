// The command: from checked options to a table, two files and an exit code.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchOptions } from './options.js';
import { Progress } from './progress.js';
import { compareText, readResult } from './report/compare.js';
import { htmlReport } from './report/html-report.js';
import { resultText } from './report/table.js';
import type { Result } from './result.js';
import { runScenario } from './runner.js';
import type { ScenarioOptions } from './scenario-options.js';
import { scenarios } from './scenarios/index.js';

/** @returns the exit code: 0 when all was measured, 1 when it could not be, 130 after Ctrl-C */
export async function runBenchmark(options: BenchOptions): Promise<number> {
  const scenario = scenarios.find(({ name }) => name === options.scenario)!;
  const { connections, tlsConnections = connections } = scenario.defaults;
  const filled: ScenarioOptions = {
    connections: options.connections ?? (options.tls ? tlsConnections : connections),
    workers: options.workers ?? scenario.defaults.workers,
    duration: options.duration ?? scenario.defaults.duration,
    rate: options.rate ?? scenario.defaults.rate ?? 0,
    shared: options.shared,
    tls: options.tls,
    load: options.load,
  };
  const interruption = interruptible();
  const progress = new Progress(process.stderr);
  try {
    const old = options.compare === undefined ? undefined : readResult(options.compare, scenario.name);
    mkdirSync(options.out, { recursive: true });
    const obstacle = scenario.obstacle?.(filled);
    if (obstacle !== undefined) throw new Error(obstacle);
    const result = await runScenario(scenario, filled, options.against, progress, interruption.signal);
    progress.end();
    const files = write(result, options.out);
    process.stdout.write(`${resultText(result)}\n`);
    if (old !== undefined) process.stdout.write(`${compareText(old, result)}\n`);
    process.stdout.write(`${files.join('\n')}\n`);
    return 0;
  } catch (error) {
    progress.end();
    if (interruption.signal.aborted) return 130;
    process.stderr.write(`10m-bench: ${(error as Error).message}\n`);
    return 1;
  } finally {
    interruption.end();
  }
}

/** @returns the paths of the JSON file and of the report */
function write(result: Result, folder: string): string[] {
  const name = join(folder, `${result.scenario}-${result.startedAt.replace(/[:.]/g, '-')}`);
  writeFileSync(`${name}.json`, `${JSON.stringify(result, null, 1)}\n`);
  writeFileSync(`${name}.html`, htmlReport(result));
  return [`${name}.json`, `${name}.html`];
}

/** Ctrl-C ends the run in order; a second one ends the process, which kills what it has started. */
function interruptible(): { signal: AbortSignal; end(): void } {
  const controller = new AbortController();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
  };
  for (const signal of signals) process.on(signal, onSignal);
  return {
    signal: controller.signal,
    end() {
      for (const signal of signals) process.off(signal, onSignal);
    },
  };
}
