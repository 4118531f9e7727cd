// The result of a benchmark: the object of the JSON file.
import type { Machine } from './proc/machine.js';
import type { Sample } from './run.js';
import type { Curve, FigureSpec } from './scenario.js';
import type { ScenarioOptions } from './scenario-options.js';

/** The number of the file's format. */
export const RESULT_FORMAT = 1;

/** A figure, with every run's value; null where a server does not tell it, or where it lies within the noise. */
export interface Figure extends FigureSpec {
  /** By the arm's name, in the order of the runs. */
  readonly arms: Readonly<Record<string, readonly (number | null)[]>>;
  /** In the same order, for the values that lie within the noise: how far off they could be. Left out where there are none. */
  readonly noise?: Readonly<Record<string, readonly (number | null)[]>>;
}

/** What one run recorded besides its figures. */
export interface RunRecord {
  readonly arm: string;
  readonly samples: readonly Sample[];
  readonly curves: readonly Curve[];
}

/** The JSON file. */
export interface Result {
  readonly format: typeof RESULT_FORMAT;
  readonly scenario: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly seconds: number;
  readonly machine: Machine;
  readonly options: ScenarioOptions;
  /** The arms' names; the first is this server. */
  readonly arms: readonly string[];
  /** The command of the other server, where there was one. */
  readonly against: string | null;
  readonly figures: Readonly<Record<string, Figure>>;
  readonly runs: readonly RunRecord[];
}

/** The values of an arm that were measured. */
export const valuesOf = (figure: Figure, arm: string): number[] =>
  (figure.arms[arm] ?? []).filter((value) => value !== null);
