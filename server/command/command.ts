// The description of a command: its table of options, its arguments and the texts of its help.
import type { OptionTable, OptionValues } from './option.js';

/** The name of a command and what it takes. `--help`, the checks and docs/options.md are made from it. */
export interface Command<T extends OptionTable, P extends OptionTable> {
  /** The words that call it, such as `10m-client subscribe`. */
  readonly name: string;
  readonly summary: string;
  /** The arguments without a flag, in order. */
  readonly positionals: P;
  /** True if the last positional may be repeated. Its raw values are then joined by line feeds. */
  readonly repeatLast?: boolean;
  readonly options: T;
  /**
   * True for a tool that may run in the environment, or with the config file, of another command of this package. It
   * ignores the names of that command's flags. Any other command refuses every name that is not its own.
   */
  readonly sharesSettings?: boolean;
  /** Lines to copy and paste, each with what it does. */
  readonly examples: readonly (readonly [line: string, meaning: string])[];
  /** Further commands of the same program, for `--help`. */
  readonly commands?: readonly (readonly [call: string, meaning: string])[];
  /** Checks rules over several options. Returns a sentence about what is wrong, or `undefined`. */
  check?(values: OptionValues<T> & OptionValues<P>): string | undefined;
}

/** A command with any options. */
export type AnyCommand = Command<OptionTable, OptionTable>;
