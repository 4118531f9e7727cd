import t from 'tap';
import { benchCommand } from '../../../bench/options.js';
import { loadCommand, subscribeCommand } from '../../../client/options.js';
import type { AnyCommand } from '../../../server/command/command.js';
import { helpText } from '../../../server/command/help-text.js';
import { flagName } from '../../../server/command/option.js';
import { doctorCommand } from '../../../server/doctor/doctor.js';
import { serverCommand } from '../../../server/options/server-command.js';
import { planCommand } from '../../../server/plan/plan.js';

const commands: readonly AnyCommand[] = [
  serverCommand,
  doctorCommand,
  planCommand,
  loadCommand,
  subscribeCommand,
  benchCommand,
];

t.test('help fits the terminal, and breaks no word', async (t) => {
  for (const command of commands) {
    const { options, summary, examples } = command;
    const texts = [summary, ...Object.values(options).map(({ help }) => help), ...examples.flat()];
    const words = new Set(texts.flatMap((text) => text.split(/\s+/)));
    for (const columns of [60, 72, 80, 100, 110, 200]) {
      const help = await helpText(command, options, columns);
      const lines = help.split('\n');
      t.same(
        lines.filter((line) => line.length > Math.min(columns, 110)),
        [],
        `${command.name} at ${columns}`,
      );
      const shown = new Set(help.split(/\s+/));
      t.same(
        [...words].filter((word) => !shown.has(word)),
        [],
        `${command.name} at ${columns}`,
      );
    }
  }
});

t.test('each flag comes with its unit and default, in English', async (t) => {
  const { LANG } = process.env;
  process.env['LANG'] = 'de_DE.UTF-8';
  const help = (await helpText(serverCommand, serverCommand.options)).replace(/\s+/g, ' ');
  if (LANG === undefined) delete process.env['LANG'];
  else process.env['LANG'] = LANG;
  t.match(help, 'Options:');
  for (const [key, { help: text, unit, default: value, defaultText = value ?? 'none' }] of Object.entries(
    serverCommand.options,
  ) as [string, { help: string; unit?: string; default?: string; defaultText?: string }][]) {
    const inBrackets = unit === undefined ? '' : ` (${unit})`;
    t.ok(help.includes(`--${flagName(key)} ${text}${inBrackets} [default: ${defaultText}]`), key);
  }
});
