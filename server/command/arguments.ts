// The arguments of a command line, split into flags and positionals. Their values are not checked yet.
import { parseArgs } from 'node:util';
import type { AnyCommand } from './command.js';
import { nearestName } from './nearest-name.js';
import { flagName, type OptionTable } from './option.js';
import { withoutSecret } from './url-secret.js';
import { quoted, UsageError } from './usage-error.js';

/** What a command line can ask for instead of a run. */
const REQUESTS = ['help', 'version'] as const;
export type Request = (typeof REQUESTS)[number];

/** The raw values by the keys of options and positionals, or the request. */
export type Arguments = { readonly given: Readonly<Record<string, string>> } | { readonly request: Request };

/**
 * Splits a command line.
 *
 * @param options the command's own options and the options that every command has
 * @throws {UsageError} if a flag is unknown, given twice or lacks its value, or if there is one argument too many
 */
export function readArguments(command: AnyCommand, options: OptionTable, argv: readonly string[]): Arguments {
  const keys = new Map(Object.keys(options).map((key) => [flagName(key), key]));
  const isSwitch = (key: string): boolean => options[key]?.isSwitch === true;
  const { tokens } = parseArgs({
    args: [...argv],
    options: Object.fromEntries([
      ...[...keys].map(([name, key]) => [name, { type: isSwitch(key) ? 'boolean' : 'string' }] as const),
      ...REQUESTS.map((name) => [name, { type: 'boolean' }] as const),
    ]),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const request = REQUESTS.find((name) =>
    tokens.some((token) => token.kind === 'option' && token.rawName === `--${name}`),
  );
  if (request !== undefined) return { request };

  const given = new Map<string, string>();
  const rest: string[] = [];
  let openSwitch: string | undefined;
  for (const token of tokens) {
    const lastSwitch = openSwitch;
    openSwitch = undefined;
    if (token.kind === 'positional') {
      // `--json false`, as `--json=false`.
      if (lastSwitch !== undefined && /^(?:true|false)$/.test(token.value))
        given.set(lastSwitch, token.value);
      else rest.push(token.value);
    }
    if (token.kind !== 'option') continue;
    const key = token.rawName.startsWith('--') ? keys.get(token.name) : undefined;
    if (key === undefined)
      throw new UsageError(unknownFlag(command, token.rawName, [...keys.keys(), ...REQUESTS]));
    if (given.has(key)) throw new UsageError(`--${token.name} is given twice; give it once`);
    if (isSwitch(key)) {
      given.set(key, token.value ?? 'true');
      if (token.value === undefined) openSwitch = key;
    } else {
      const isFlag = token.inlineValue !== true && /^-\D/.test(token.value ?? '');
      if (token.value === undefined || isFlag) {
        throw new UsageError(`--${token.name} has no value; give ${options[key]!.allowed}`);
      }
      given.set(key, token.value);
    }
  }
  return { given: { ...Object.fromEntries(given), ...positionals(command, rest) } };
}

function unknownFlag(command: AnyCommand, flag: string, names: readonly string[]): string {
  const nearest = nearestName(flag.replace(/^-+/, ''), names);
  const hint = nearest?.isLikely === true ? `did you mean --${nearest.name}? See` : 'see';
  return `unknown flag ${withoutSecret(flag)}; ${hint} ${command.name} --help`;
}

function positionals(command: AnyCommand, values: readonly string[]): Record<string, string> {
  const keys = Object.keys(command.positionals);
  const excess = values[keys.length];
  if (excess === undefined) return Object.fromEntries(values.map((value, i) => [keys[i]!, value]));
  if (command.repeatLast !== true) {
    throw new UsageError(`unexpected argument ${quoted(excess)}; see ${command.name} --help`);
  }
  const last = keys.length - 1;
  return Object.fromEntries([
    ...values.slice(0, last).map((value, i) => [keys[i]!, value]),
    [keys[last]!, values.slice(last).join('\n')],
  ]);
}
