// What a command takes: its table of options, its arguments, and the words of its help.
import type { OptionTable, OptionValues } from './option.js';

/** What a command is called and takes; `--help`, the checks and docs/options.md come from it. */
export interface Command<T extends OptionTable, P extends OptionTable> {
  /** The words that call it, such as `10m-client subscribe`. */
  readonly name: string;
  readonly summary: string;
  /** Arguments without a flag, in their order. */
  readonly positionals: P;
  /** True where the last positional may be repeated; its raw values are then joined by a line feed. */
  readonly repeatLast?: boolean;
  readonly options: T;
  /**
   * True for a tool that may run in the environment, or with the config file, of another command of this package: it
   * passes over names of that command's flags. Any other command refuses each name that is not its own.
   */
  readonly sharesSettings?: boolean;
  /** Copy-and-paste lines, each with what it does. */
  readonly examples: readonly (readonly [line: string, meaning: string])[];
  /** Further commands of the same program, for `--help`. */
  readonly commands?: readonly (readonly [call: string, meaning: string])[];
  /** A rule over several options: the sentence that explains what is wrong, or `undefined`. */
  check?(values: OptionValues<T> & OptionValues<P>): string | undefined;
}

/** A command of whatever options. */
export type AnyCommand = Command<OptionTable, OptionTable>;
