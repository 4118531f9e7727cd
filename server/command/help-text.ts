// The text of --help, laid out for a terminal.
import yargs from 'yargs';
import type { AnyCommand } from './command.js';
import { flagName, type Option, type OptionTable } from './option.js';
import { printed, unbroken } from './text-table.js';

/** Below the minimum, two columns do not fit. Above the maximum, lines are hard to read. */
const MIN_COLUMNS = 60;
const MAX_COLUMNS = 110;

/**
 * Returns the text of `--help`: every flag with its default and unit, the examples, and the other sources of values.
 *
 * @param options the command's own options and the options that every command has
 * @param columns the width of the terminal; lines are broken between words to fit it
 */
export async function helpText(
  command: AnyCommand,
  options: OptionTable,
  columns: number = MAX_COLUMNS,
): Promise<string> {
  const names = Object.keys(command.positionals).map(flagName);
  const repeated = command.repeatLast === true ? names.length - 1 : -1;
  const usage = names.map((name, i) => ` <${name}${i === repeated ? '…' : ''}>`).join('');
  const layout = yargs()
    // Otherwise yargs would mix the machine's language with our English.
    .locale('en')
    .scriptName(command.name)
    .usage(`${command.name}${usage} [flags]\n\n${command.summary}`)
    .help(false)
    .version(false)
    .wrap(Math.min(MAX_COLUMNS, Math.max(MIN_COLUMNS, columns)))
    .epilogue(
      'Every flag can also be set in the environment (--ping-interval is TENM_PING_INTERVAL) or in the --config file; ' +
        'flag beats environment beats file beats default. ' +
        (command.sharesSettings === true
          ? 'There, names of other commands of this package are passed over, and other unknown names are refused.'
          : 'There too, names that are no flags of this command are refused.'),
    );
  for (const [key, option] of Object.entries(options)) {
    layout.option(flagName(key), { describe: `${option.help}${unitOf(option)}${defaultOf(option)}` });
  }
  layout.option('help', { describe: 'print this' }).option('version', { describe: 'print the version' });
  for (const [line, meaning] of command.examples) layout.example(line, meaning);
  for (const [call, meaning] of command.commands ?? []) layout.command(call, meaning);
  return printed(await layout.getHelp());
}

/** Returns the unit in brackets, if there is one. */
export const unitOf = ({ unit }: Option<unknown>): string => (unit === undefined ? '' : ` (${unit})`);

const defaultOf = (option: Option<unknown>): string =>
  option.isSwitch === true
    ? ''
    : ` ${unbroken('[default: ')}${option.defaultText ?? option.default ?? 'none'}]`;
