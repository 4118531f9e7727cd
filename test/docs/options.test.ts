// docs/options.md, and the list of all flags, are made from the option tables. After a change of a table: npm run docs
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

Flag beats environment beats \`--config\` file beats default. \`--ping-interval\` is \`${environmentName('pingInterval')}\` in the
environment and \`"ping-interval"\` in the JSON file. A wrong value ends the program with exit code 2 and one line that names
the flag, the value and what is allowed, before anything is opened. Every command has \`--help\` and \`--version\`.

- A flag is given once; a second time is refused, and so is a name that stands twice in the file.
- A name that is no flag is refused on the command line, in the environment (\`TENM_…\`) and in the file, with the nearest one
  that is. An empty variable counts as unset.
- \`10m-server\` and \`10m-server doctor\` refuse the names of other commands' flags too: \`TENM_PORT\`, which 10m-client has,
  is a mistyped \`TENM_PORTS\` there. \`10m-server plan\`, \`10m-client\` and \`10m-bench\` pass over them, since they often run in
  the server's environment or with its file. Where two commands have a flag of one name, both take it: a shared \`TENM_WORKERS\`
  is for both.
- \`TENM_ADMIN_PORT=tcp://…\` and the like are service links, which Kubernetes sets for a Service whose name begins with
  \`tenm\`. They are refused as such; set \`enableServiceLinks: false\` in the pod.
- A file that an option names is a regular one of at most 4 MiB. \`--config\`, \`--admin-token-file\`, \`--tls-ca\` and \`--token-file\`
  are read once: they may be pipes too, such as \`/dev/stdin\` or \`<(command)\`, which must be written and closed within 5 s. The
  other files are read again later, by each worker or when they change, so they cannot be pipes.

${commands.map(section).join('\n\n')}
`;

const flags = commands.flatMap(({ options }) => Object.keys(options).map(flagName));

const expectedFlags = `// The flags of all commands of this package. Made from the option tables: npm run docs

/** For commands that pass over what is set for another one. */
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
  t.test(`${file} says what the tables say`, (t) => {
    t.equal(readFileSync(pathOf(file), 'utf8'), content, 'run: npm run docs');
    t.end();
  });
}
