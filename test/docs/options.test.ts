// docs/options.md and the list of all flags are generated from the option tables. After changing a table, run: npm run docs
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { benchCommand } from '../../bench/options.js';
import { loadCommand, subscribeCommand } from '../../client/options.js';
import type { AnyCommand } from '../../server/command/command.js';
import { environmentName, flagName } from '../../server/command/option.js';
import { doctorCommand } from '../../server/doctor/doctor.js';
import { serverCommand } from '../../server/options/server-command.js';
import { serverOptions } from '../../server/options/server-options.js';
import { planCommand } from '../../server/plan/plan.js';

const pathOf = (file: string): string => fileURLToPath(new URL(`../../../${file}`, import.meta.url));

const commands: readonly AnyCommand[] = [
  serverCommand,
  doctorCommand,
  planCommand,
  loadCommand,
  subscribeCommand,
  benchCommand,
];

const cell = (text: string): string => text.replaceAll('|', '\\|');

function section(command: AnyCommand): string {
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

A flag overrides the environment, which overrides the \`--config\` file, which overrides the default. \`--ping-interval\` is
\`${environmentName('pingInterval')}\` in the environment and \`"ping-interval"\` in the JSON file. A wrong value ends the program with exit
code 2, before anything is opened. One line names the flag, the value and what is allowed. Every command has \`--help\` and
\`--version\`.

- A flag can be given only once, and a name can appear only once in the file; otherwise it is refused.
- An unknown flag is refused on the command line, in the environment (\`TENM_…\`) and in the file; the error suggests the nearest
  known flag. An empty variable counts as unset.
- \`10m-server\` and \`10m-server doctor\` also refuse flags of the other commands. \`TENM_PORT\`, a flag of 10m-client, is there a
  mistyped \`TENM_PORTS\`. \`10m-server plan\`, \`10m-client\` and \`10m-bench\` ignore such flags, since they often run in the
  environment or with the file of the server. If two commands have a flag of the same name, both use it, for example
  \`TENM_WORKERS\`.
- Variables such as \`TENM_ADMIN_PORT=tcp://…\` are service links, which Kubernetes sets for a Service whose name begins with
  \`tenm\`. The error says so; set \`enableServiceLinks: false\` in the pod.
- A file that an option names must be a regular file of at most 4 MiB. \`--config\`, \`--admin-token-file\`, \`--tls-ca\` and
  \`--token-file\` are read once, so they can also be pipes, such as \`/dev/stdin\` or \`<(command)\`, which must be written and closed
  within 5 s. The other files are read again later, by each worker or when they change, so they cannot be pipes.

${commands.map(section).join('\n\n')}
`;

const flags = commands.flatMap(({ options }) => Object.keys(options).map(flagName));

const expectedFlags = `// The flags of all commands of this package. Generated from the option tables by npm run docs

/** For commands that ignore the settings of other commands. */
export const PACKAGE_FLAGS: readonly string[] = [
${[...new Set(flags)]
  .sort()
  .map((flag) => `  '${flag}',\n`)
  .join('')}];
`;

const made = [
  ['docs/options.md', expected],
  ['server/command/package-flags.ts', expectedFlags],
] as const;

for (const [file, content] of made) {
  if (process.env['WRITE_DOCS'] === 'true') writeFileSync(pathOf(file), content);
  t.test(`${file} matches the option tables`, (t) => {
    t.equal(readFileSync(pathOf(file), 'utf8'), content, 'run: npm run docs');
    t.end();
  });
}
