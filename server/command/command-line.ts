// From a table of options to frozen, checked values: flag beats environment beats config file beats default.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import yargs from 'yargs';
import {
  environmentName,
  flagName,
  type Option,
  type OptionTable,
  type OptionValues,
  text,
} from './option.js';
import { standardError } from './standard-error.js';
import { print } from './standard-output.js';

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
  /** Copy-and-paste lines, each with what it does. */
  readonly examples: readonly (readonly [line: string, meaning: string])[];
  /** Further commands of the same program, for `--help`. */
  readonly commands?: readonly (readonly [call: string, meaning: string])[];
  /** A rule over several options: the sentence that explains what is wrong, or `undefined`. */
  check?(values: OptionValues<T> & OptionValues<P>): string | undefined;
}

/** What a command line comes to: checked values, or a text to print and the exit code that goes with it. */
export type CommandLine<V> = { readonly values: V } | { readonly text: string; readonly exitCode: 0 | 2 };

/** The version in package.json: what `--version`, /stats and the logs say. */
export const packageVersion: string = createRequire(import.meta.url)('../../../package.json').version;

const configOption = text({
  help: 'JSON file of options by their flag names, such as {"ping-interval": 60}',
  allowed: 'the path of a JSON file',
  accepts: (raw) => raw !== '',
  defaultText: 'none',
});

/** A sentence about input that is wrong; it becomes exit code 2. */
class UsageError extends Error {}

/**
 * Reads and checks a command line. Opens nothing but the files that `--config` and other options name, and never throws for bad input.
 *
 * @param command what the command takes
 * @param argv the arguments after the program's name (and after the command's own word)
 * @param environment such as `process.env`
 */
export async function parseCommandLine<T extends OptionTable, P extends OptionTable>(
  command: Command<T, P>,
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<CommandLine<OptionValues<T> & OptionValues<P>>> {
  try {
    const flags = await readFlags(command, argv);
    if ('text' in flags) return { text: flags.text, exitCode: 0 };
    const options: OptionTable = { ...command.options, config: configOption };
    const configPath = flags.given['config'] ?? (environment['TENM_CONFIG'] || undefined);
    const file = configPath === undefined ? {} : readConfigFile(configPath, command.options);
    const values: Record<string, unknown> = {};
    for (const [key, option] of Object.entries(options)) {
      if (key === 'config') continue;
      // An empty variable is how compose files say "unset".
      const sources: [string | undefined, string][] = [
        [flags.given[key], ''],
        [environment[environmentName(key)] || undefined, ` (from ${environmentName(key)})`],
        [file[key], ` (from ${configPath})`],
        [option.default, ''],
      ];
      const [raw, source] = sources.find(([value]) => value !== undefined) ?? [undefined, ''];
      values[key] = raw === undefined ? undefined : checked(`--${flagName(key)}`, option, raw, source);
    }
    for (const [key, option] of Object.entries(command.positionals)) {
      const raw = flags.given[key] ?? option.default;
      if (raw === undefined) throw new UsageError(`<${flagName(key)}> is missing; give ${option.allowed}`);
      values[key] = checked(`<${flagName(key)}>`, option, raw, '');
    }
    const complete = Object.freeze(values) as OptionValues<T> & OptionValues<P>;
    const complaint = command.check?.(complete);
    if (complaint !== undefined) throw new UsageError(complaint);
    return { values: complete };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { text: `${command.name}: ${oneLine(error.message)}`, exitCode: 2 };
  }
}

/**
 * Reads the command line of this process and runs the command with it: help and version go to standard output, one
 * line about bad input to standard error with exit code 2.
 *
 * @param argv the arguments after the program's name (and after the command's own word)
 * @param run gets the checked values and returns the exit code
 */
export async function runCommand<T extends OptionTable, P extends OptionTable>(
  command: Command<T, P>,
  argv: readonly string[],
  run: (values: OptionValues<T> & OptionValues<P>) => Promise<number>,
): Promise<void> {
  const commandLine = await parseCommandLine(command, argv, process.env);
  if ('values' in commandLine) {
    process.exitCode = await run(commandLine.values);
    return;
  }
  if (commandLine.exitCode === 0) print(commandLine.text);
  else standardError.write(`${commandLine.text}\n`, 3);
  process.exitCode = commandLine.exitCode;
}

const oneLine = (message: string): string => message.replace(/[\u0000-\u001f\u007f]+/g, ' ').trim();

function checked(name: string, option: Option<unknown>, raw: string, source: string): unknown {
  const value = option.parse(raw);
  if (value !== undefined) return value;
  const shown = JSON.stringify(option.redact?.(raw) ?? raw);
  throw new UsageError(`${name} ${shown}${source} is not allowed; give ${option.allowed}${unitOf(option)}`);
}

const unitOf = (option: Option<unknown>): string => (option.unit === undefined ? '' : ` (${option.unit})`);

function readConfigFile(path: string, options: OptionTable): Record<string, string> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new UsageError(`--config ${JSON.stringify(path)} cannot be used: ${(error as Error).message}`);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new UsageError(
      `--config ${JSON.stringify(path)} holds no JSON object; give {"flag-name": value, …}`,
    );
  }
  const keys = new Map(Object.keys(options).map((key) => [flagName(key), key]));
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(parsed)) {
    const key = keys.get(name);
    if (key === undefined) {
      throw new UsageError(
        `--config ${JSON.stringify(path)} names an unknown option ${JSON.stringify(name)}`,
      );
    }
    if (!['string', 'number', 'boolean'].includes(typeof value)) {
      throw new UsageError(
        `--${name} ${JSON.stringify(value)} (from ${path}) is not allowed; give ${options[key]!.allowed}`,
      );
    }
    values[key] = String(value);
  }
  return values;
}

/** Lets yargs split the command line and write the help; every value stays a string for our own checks. */
async function readFlags(
  command: Command<OptionTable, OptionTable>,
  argv: readonly string[],
): Promise<{ text: string } | { given: Record<string, string | undefined> }> {
  const options: OptionTable = { ...command.options, config: configOption };
  const positionals = Object.keys(command.positionals);
  const usage = positionals.map((key, i) => {
    const repeats = command.repeatLast === true && i === positionals.length - 1;
    return ` <${flagName(key)}${repeats ? '…' : ''}>`;
  });
  const parser = yargs()
    .scriptName(command.name)
    .usage(`${command.name}${usage.join('')} [flags]\n\n${command.summary}`)
    .version(packageVersion)
    .help()
    .wrap(110)
    .exitProcess(false)
    .showHelpOnFail(false)
    .parserConfiguration({
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      'duplicate-arguments-array': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
    })
    .epilogue(
      'Every flag can also be set in the environment (--ping-interval is TENM_PING_INTERVAL) or in the --config file;\n' +
        'flag beats environment beats file beats default.',
    );
  for (const [key, option] of Object.entries(options)) {
    parser.option(flagName(key), {
      describe: option.help + unitOf(option),
      ...(option.isSwitch === true ? { type: 'boolean' } : { type: 'string', requiresArg: true }),
      ...(option.isSwitch === true
        ? {}
        : { defaultDescription: option.defaultText ?? option.default ?? 'none' }),
    });
  }
  for (const [line, meaning] of command.examples) parser.example(line, meaning);
  for (const [call, meaning] of command.commands ?? []) parser.command(call, meaning);
  let output = '';
  let failure: string | undefined;
  const parsed = await parser.parse([...argv], {}, (error, _argv, text) => {
    output = text;
    if (error) failure = error.message;
  });
  if (failure !== undefined) throw new UsageError(`${failure}; see ${command.name} --help`);
  if (output !== '') return { text: output };

  const flagKeys = new Map(Object.keys(options).map((key) => [flagName(key), key]));
  const given: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(parsed)) {
    if (name === '_' || name === '$0' || value === undefined) continue;
    const key = flagKeys.get(name);
    if (key === undefined) throw new UsageError(`unknown flag --${name}; see ${command.name} --help`);
    given[key] = String(value);
  }
  const rest = parsed._.map(String);
  const last = positionals.at(-1);
  if (command.repeatLast === true && last !== undefined && rest.length > positionals.length) {
    rest.push(rest.splice(positionals.length - 1).join('\n'));
  }
  if (rest.length > positionals.length) {
    throw new UsageError(
      `unexpected argument ${JSON.stringify(rest[positionals.length])}; see ${command.name} --help`,
    );
  }
  positionals.forEach((key, i) => {
    given[key] = rest[i];
  });
  return { given };
}
