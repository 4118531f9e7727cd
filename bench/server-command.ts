// How another server is started: a command line with places for ports, broker and ping interval. Pure.
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The values for the places in a command line. */
export interface CommandPlaces {
  readonly port: number;
  readonly ports: number;
  /** `host:port` of Redis. */
  readonly redis: string;
  /** Seconds between pings, a whole number. */
  readonly ping: number;
}

/** The arguments of servers for which a path is enough, by file name. */
const KNOWN_ARGUMENTS: Readonly<Record<string, string>> = {
  '10m-reference': '-port {port} -ports {ports} -redis {redis} -ping {ping}s',
  '10m-floor': '{port} {ports} {ping}',
};

const BASELINE = fileURLToPath(new URL('baselines/ws-server.js', import.meta.url));

/** True for the baseline on the ws package. */
export const isBaseline = (against: string | undefined): boolean => against === 'ws';

/** The command line that `--against` means: `ws` is the baseline, and a known file name gets its arguments. */
export function commandTemplate(against: string): string[] {
  if (isBaseline(against)) return [process.execPath, BASELINE, '{port}', '{ports}', '{redis}', '{ping}'];
  const words = against.trim().split(/\s+/);
  const known = words.length === 1 ? KNOWN_ARGUMENTS[basename(words[0]!)] : undefined;
  return known === undefined ? words : [...words, ...known.split(' ')];
}

/** The name of the server in tables. */
export const commandName = (against: string): string =>
  basename(against.trim().split(/\s+/)[0] ?? '').replace(/\.[cm]?js$/, '');

/** True where the command has a place for a broker. */
export const wantsRedis = (template: readonly string[]): boolean =>
  template.some((word) => word.includes('{redis}'));

export const fillTemplate = (template: readonly string[], places: CommandPlaces): string[] =>
  template.map((word) =>
    word.replace(/\{(port|ports|redis|ping)\}/g, (_, name: keyof CommandPlaces) => String(places[name])),
  );
