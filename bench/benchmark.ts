// The command: from checked options to a table, two files and an exit code.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onInterrupt } from '../client/interruption.js';
import { watchOutput } from '../client/output.js';
import { standardError } from '../server/command/standard-error.js';
import { print } from '../server/command/standard-output.js';
import { BASELINE_PACKAGES, missingText, PLOT_PACKAGES } from './optional-packages.js';
import type { BenchOptions } from './options.js';
import { Progress } from './progress.js';
import { compareText, readResult } from './report/compare.js';
import { resultText } from './report/table.js';
import type { Result } from './result.js';
import { runScenario } from './runner.js';
import type { ScenarioOptions } from './scenario-options.js';
import { scenarios } from './scenarios/index.js';
import { isBaseline } from './server-command.js';

/** @returns the exit code: 0 when all was measured, 1 when it could not be, 130 after Ctrl-C */
export async function runBenchmark(options: BenchOptions): Promise<number> {
  watchOutput();
  const missing = missingText([...PLOT_PACKAGES, ...(isBaseline(options.against) ? BASELINE_PACKAGES : [])]);
  if (missing !== undefined) {
    standardError.write(`10m-bench: ${missing}\n`, 3);
    return 1;
  }
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
  const signal = abortedByCtrlC();
  const progress = new Progress(process.stderr);
  let lines: string[];
  try {
    const old = options.compare === undefined ? undefined : readResult(options.compare, scenario.name);
    mkdirSync(options.out, { recursive: true });
    const obstacle = scenario.obstacle?.(filled);
    if (obstacle !== undefined) throw new Error(obstacle);
    const result = await runScenario(scenario, filled, options.against, progress, signal);
    const files = await write(result, options.out);
    lines = [resultText(result), ...(old === undefined ? [] : [compareText(old, result)]), ...files];
  } catch (error) {
    progress.end();
    if (signal.aborted) return 130;
    standardError.write(`10m-bench: ${(error as Error).message}\n`, 3);
    return 1;
  }
  progress.end();
  print(lines.join('\n'));
  return 0;
}

/** @returns the paths of the JSON file and of the report */
async function write(result: Result, folder: string): Promise<string[]> {
  const { htmlReport } = await import('./report/html-report.js');
  const name = join(folder, `${result.scenario}-${result.startedAt.replace(/[:.]/g, '-')}`);
  writeFileSync(`${name}.json`, `${JSON.stringify(result, null, 1)}\n`);
  writeFileSync(`${name}.html`, htmlReport(result));
  return [`${name}.json`, `${name}.html`];
}

/** Ctrl-C ends the run in order; a second one ends the process, which kills what it has started. */
function abortedByCtrlC(): AbortSignal {
  const controller = new AbortController();
  // SIGHUP too: the programs that have been started would outlive the terminal.
  onInterrupt(() => controller.abort(), undefined, ['SIGINT', 'SIGTERM', 'SIGHUP']);
  return controller.signal;
}
