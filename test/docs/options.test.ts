// docs/options.md is made from the option tables. After a change of a table: npm run docs
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { benchCommand } from '../../bench/options.js';
import { loadCommand, subscribeCommand } from '../../client/options.js';
import type { Command } from '../../server/command/command-line.js';
import { environmentName, flagName, type OptionTable } from '../../server/command/option.js';
import { doctorCommand } from '../../server/doctor/doctor.js';
import { serverCommand, serverOptions } from '../../server/options/server-options.js';
import { planCommand } from '../../server/plan/plan.js';

const path = fileURLToPath(new URL('../../../docs/options.md', import.meta.url));

const commands: readonly Command<OptionTable, OptionTable>[] = [
  serverCommand,
  doctorCommand,
  planCommand,
  loadCommand,
  subscribeCommand,
  benchCommand,
];

const cell = (text: string): string => text.replaceAll('|', '\\|');

function section(command: Command<OptionTable, OptionTable>): string {
  const isServer = command === serverCommand;
  const options = Object.entries(command.options).filter(
    ([key]) => isServer || !(command === doctorCommand && key in serverOptions),
  );
  const rows = options.map(([key, option]) => {
    const initial = option.defaultText ?? option.default ?? 'none';
    const unit = option.unit === undefined ? '' : ` (${option.unit})`;
    const allowed = option.isSwitch === true ? 'no value' : `${option.allowed}${unit}`;
    return `| \`--${flagName(key)}\` | ${cell(initial)} | ${cell(allowed)} | ${cell(option.help)} |`;
  });
  const words = Object.keys(command.positionals).map((key) => ` <${flagName(key)}>`);
  const also = command === doctorCommand ? '\n\nAnd every flag of `10m-server`.' : '';
  return (
    [
      `## ${command.name}${words.join('')}`,
      '',
      command.summary,
      '',
      '| flag | default | allowed | meaning |',
      '| --- | --- | --- | --- |',
      ...rows,
    ].join('\n') + also
  );
}

const expected = `# Options

Flag beats environment beats \`--config\` file beats default. \`--ping-interval\` is \`${environmentName('pingInterval')}\` in the
environment and \`"ping-interval"\` in the JSON file. A wrong value ends the program with exit code 2 and one line that names
the flag, the value and what is allowed, before anything is opened. Every command has \`--help\` and \`--version\`.

${commands.map(section).join('\n\n')}
`;

if (process.env['WRITE_DOCS'] === 'true') writeFileSync(path, expected);

t.test('docs/options.md says what the tables say', (t) => {
  t.equal(readFileSync(path, 'utf8'), expected, 'run: npm run docs');
  t.end();
});
