// The command `10m-client <host> <connections>`: from checked options to a summary and an exit code.
import { lookup } from 'node:dns/promises';
import { standardError } from '../../server/command/standard-error.js';
import { print } from '../../server/command/standard-output.js';
import { onInterrupt } from '../interruption.js';
import type { LoadOptions } from '../options.js';
import { watchOutput } from '../output.js';
import { terminalText } from '../terminal-text.js';
import { connectionsPerProcess } from './fd-limit.js';
import { noCounts } from './load-counts.js';
import { LoadGenerator } from './load-generator.js';
import { type LoadSpread, processesAtOnce, serverUrl, splitLoad } from './load-plan.js';
import { type LoadResult, summarize, summaryText } from './load-summary.js';
import { StatusLine } from './status-line.js';

const SAMPLE_EVERY_MS = 250;
/** Up to this many connections, messages are printed without `--print`. */
const PRINTS_UP_TO = 100;

/** @returns the exit code: 0 if every connection was made and none was lost, else 1 */
export async function runLoad(options: LoadOptions): Promise<number> {
  watchOutput();
  const address = await resolve(options.host);
  if (address === undefined) return 1;
  const spread: LoadSpread = {
    address,
    host: options.host,
    firstPort: options.port,
    connections: options.connections,
    connectionsPerPort: options.connectionsPerPort,
    channel: options.channel,
    ratePerSecond: options.rate,
    idleTimeoutMs: options.idleTimeout * 1000,
    reconnects: options.reconnect === true,
    prints: options.print === true || options.connections <= PRINTS_UP_TO,
    tls: options.tls ? { ca: options.tlsCa } : undefined,
    token: options.tokenFile,
  };
  const result = await hold(spread, options);
  const summary = summarize(result);
  const { unprinted, made } = result.counts;
  if (unprinted > 0) {
    standardError.write(
      `10m-client: about ${unprinted} messages were not printed: standard output did not take them\n`,
      4,
    );
  }
  const text = options.json === true ? JSON.stringify(summary) : summaryText(summary);
  print(process.stdout.isTTY === true ? terminalText(text) : text);
  return made === options.connections && summary.lost === 0 ? 0 : 1;
}

/** The address of a name, IPv4 first; undefined, and a line on standard error, where there is none. */
async function resolve(host: string): Promise<string | undefined> {
  try {
    return (await lookup(host, { order: 'ipv4first' })).address;
  } catch (error) {
    standardError.write(`10m-client: ${host} cannot be resolved: ${(error as Error).message}\n`, 3);
    return undefined;
  }
}

/** Makes and holds the connections until Ctrl-C, the duration, or nothing is left to wait for. */
async function hold(spread: LoadSpread, options: LoadOptions): Promise<LoadResult> {
  const startedAtMs = Date.now();
  const tasks = splitLoad(spread, options.workers, connectionsPerProcess());
  // Before the processes are started, which takes a while: a signal meanwhile is dealt with once they are.
  onInterrupt(
    () => stop(),
    () => generator.kill(),
  );
  const generator = new LoadGenerator(tasks, processesAtOnce(spread, options.workers, tasks.length));
  const status = new StatusLine(noCounts(), startedAtMs, !spread.prints, process.stderr);
  let stoppedAtMs: number | undefined;
  const stop = (): void => {
    if (stoppedAtMs !== undefined) return;
    stoppedAtMs = Date.now();
    generator.stop();
  };
  const sample = (): void => {
    const { counts } = generator;
    status.add(counts, Date.now());
    if (counts.ended === spread.connections) stop();
  };
  const sampling = setInterval(sample, SAMPLE_EVERY_MS);
  const duration = options.duration === undefined ? undefined : setTimeout(stop, options.duration * 1000);
  await generator.ended;
  clearInterval(sampling);
  clearTimeout(duration);
  sample();
  status.end();
  return {
    target: serverUrl(spread, spread.firstPort),
    connections: spread.connections,
    counts: generator.counts,
    latency: generator.latency,
    pingGaps: generator.pingGaps,
    connectsPerSecondMax: status.connectsPerSecondMax,
    startedAtMs,
    stoppedAtMs: stoppedAtMs ?? Date.now(),
  };
}
