// Turns a table of options into frozen, checked values. A flag beats the environment, which beats the config file, which
// beats the default.
import { createRequire } from 'node:module';
import { readArguments } from './arguments.js';
import type { Command } from './command.js';
import { readConfigFile } from './config-file.js';
import { type Environment, strayVariable } from './environment.js';
import { helpText, unitOf } from './help-text.js';
import { NamedFileError } from './named-file.js';
import {
  environmentName,
  flagName,
  type Option,
  type OptionTable,
  type OptionValues,
  text,
} from './option.js';
import { PACKAGE_FLAGS } from './package-flags.js';
import { standardError } from './standard-error.js';
import { outputColumns, print } from './standard-output.js';
import { oneLine, quoted, UsageError } from './usage-error.js';

/** The result of a command line: checked values, or a text to print and its exit code. */
export type CommandLine<V> = { readonly values: V } | { readonly text: string; readonly exitCode: 0 | 2 };

/** The version in package.json, as `--version`, /stats and the logs show it. */
export const packageVersion: string = createRequire(import.meta.url)('../../../package.json').version;

const commonOptions = {
  config: text({
    help: 'JSON file of options by their flag names, such as {"ping-interval": 60}; may be a pipe',
    allowed: 'the path of a JSON file',
    accepts: (raw) => raw !== '',
    defaultText: 'none',
  }),
};

/**
 * Reads and checks a command line. Opens only the files that `--config` and other options name. Does not throw for bad
 * input.
 *
 * @param command what the command takes
 * @param argv the arguments after the program's name (and after the command's own word)
 * @param environment such as `process.env`
 * @param columns the width of the terminal, for `--help`
 */
export async function parseCommandLine<T extends OptionTable, P extends OptionTable>(
  command: Command<T, P>,
  argv: readonly string[],
  environment: Environment,
  columns?: number,
): Promise<CommandLine<OptionValues<T> & OptionValues<P>>> {
  try {
    const options = { ...command.options, ...commonOptions };
    const line = readArguments(command, options, argv);
    if (!('request' in line)) return { values: readValues(command, line.given, environment) };
    const text = line.request === 'version' ? packageVersion : await helpText(command, options, columns);
    return { text, exitCode: 0 };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { text: `${command.name}: ${oneLine(error.message)}`, exitCode: 2 };
  }
}

/**
 * Reads the command line of this process and runs the command with it. Help and version go to standard output. Bad
 * input gets one line on standard error and exit code 2.
 *
 * @param argv the arguments after the program's name (and after the command's own word)
 * @param run gets the checked values and returns the exit code
 */
export async function runCommand<T extends OptionTable, P extends OptionTable>(
  command: Command<T, P>,
  argv: readonly string[],
  run: (values: OptionValues<T> & OptionValues<P>) => Promise<number>,
): Promise<void> {
  const commandLine = await parseCommandLine(command, argv, process.env, outputColumns());
  if ('values' in commandLine) {
    const exitCode = await run(commandLine.values);
    // A failed write to standard output has already set process.exitCode.
    process.exitCode ||= exitCode;
    return;
  }
  if (commandLine.exitCode === 0) print(commandLine.text);
  else standardError.write(`${commandLine.text}\n`, 3);
  process.exitCode = commandLine.exitCode;
}

/** @throws {UsageError} */
function readValues<T extends OptionTable, P extends OptionTable>(
  command: Command<T, P>,
  given: Readonly<Record<string, string>>,
  environment: Environment,
): OptionValues<T> & OptionValues<P> {
  const variables = Object.keys({ ...command.options, ...commonOptions }).map(environmentName);
  const passedOver = command.sharesSettings === true ? PACKAGE_FLAGS : [];
  const stray = strayVariable(environment, variables, passedOver.map(environmentName));
  if (stray !== undefined) throw new UsageError(stray);

  const config = given['config'] ?? (environment[environmentName('config')] || undefined);
  const file = config === undefined ? {} : readConfigFile(config, command.options, passedOver);
  const values: Record<string, unknown> = {};
  for (const [key, option] of Object.entries(command.options)) {
    // Compose files leave a variable empty to unset it.
    const sources: [string | undefined, string][] = [
      [given[key], ''],
      [environment[environmentName(key)] || undefined, ` (from ${environmentName(key)})`],
      [file[key], ` (from ${config})`],
      [option.default, ''],
    ];
    const [raw, source] = sources.find(([value]) => value !== undefined) ?? [undefined, ''];
    values[key] = raw === undefined ? undefined : checked(`--${flagName(key)}`, option, raw, source);
  }
  for (const [key, option] of Object.entries(command.positionals)) {
    const raw = given[key] ?? option.default;
    if (raw === undefined) throw new UsageError(`<${flagName(key)}> is missing; give ${option.allowed}`);
    values[key] = checked(`<${flagName(key)}>`, option, raw, '');
  }
  const complete = Object.freeze(values) as OptionValues<T> & OptionValues<P>;
  const complaint = command.check?.(complete);
  if (complaint !== undefined) throw new UsageError(complaint);
  return complete;
}

function checked(name: string, option: Option<unknown>, raw: string, source: string): unknown {
  const shown = `${name} ${quoted(option.redact?.(raw) ?? raw)}${source}`;
  try {
    const value = option.parse(raw);
    if (value !== undefined) return value;
  } catch (error) {
    if (!(error instanceof NamedFileError)) throw error;
    throw new UsageError(`${shown} ${error.message}`);
  }
  throw new UsageError(`${shown} is not allowed; give ${option.allowed}${unitOf(option)}`);
}
