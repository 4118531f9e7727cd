// What a scenario is: its defaults, its figures, and one run of it against one server.
import type { Value } from './noise.js';
import type { Run } from './run.js';
import type { ScenarioOptions } from './scenario-options.js';

/** One thing that is measured. */
export interface FigureSpec {
  readonly name: string;
  readonly unit: string;
  /** Which direction is better; a `fact` has none, and gets no ratio. */
  readonly better: 'lower' | 'higher' | 'fact';
}

/** The values of a scenario's options where the command line gives none. */
export interface ScenarioDefaults {
  readonly connections: number;
  /** With TLS, where the scenario can be run over it. */
  readonly tlsConnections?: number;
  readonly workers: number;
  /** Length of the measured part, seconds. */
  readonly duration: number;
  /** Events a second, where the scenario has them. */
  readonly rate?: number;
}

/** A distribution, for a plot: the value that a share of all does not exceed. */
export interface Curve {
  readonly name: string;
  readonly unit: string;
  readonly points: readonly (readonly [share: number, value: number])[];
}

/** The figures of one run of one server. */
export interface Measurement {
  readonly values: Readonly<Record<string, Value>>;
  readonly curves?: readonly Curve[];
}

/** A kind of measurement. */
export interface Scenario {
  readonly name: string;
  readonly summary: string;
  readonly defaults: ScenarioDefaults;
  /** By key, in the order of the report. */
  readonly figures: Readonly<Record<string, FigureSpec>>;
  readonly usesRedis: boolean;
  /** Seconds between pings, whole; 0 is off. */
  pingSeconds(options: ScenarioOptions): number;
  /** Sockets open at once where a server does not notice that clients have gone. */
  sockets(options: ScenarioOptions): number;
  /** Why this machine cannot do it, in one sentence; undefined where it can. */
  obstacle?(options: ScenarioOptions): string | undefined;
  /** @throws {Error} where nothing sensible can be measured */
  measure(run: Run): Promise<Measurement>;
}

/** The shares at which a latency is plotted. */
const SHARES = [0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 1];

/** The curve of a latency, empty where nothing was recorded. */
export const curveOf = (name: string, latency: { percentileMs(p: number): number | undefined }): Curve => ({
  name,
  unit: 'ms',
  points: SHARES.flatMap((share) => {
    const value = latency.percentileMs(share);
    return value === undefined ? [] : [[share, value] as const];
  }),
});
