import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { parseCommandLine } from '../../server/command/command-line.js';
import { environmentName } from '../../server/command/option.js';
import { serverCommand } from '../../server/options/server-command.js';
import { serverOptions } from '../../server/options/server-options.js';
import { hostSettings } from '../../sysctl/requirements.js';

const top = fileURLToPath(new URL('../../../', import.meta.url));
const text = (path: string): string => readFileSync(join(top, path), 'utf8');
const manifest = JSON.parse(text('package.json'));

t.test('the files that the Dockerfile copies and runs exist', async (t) => {
  const dockerfile = text('docs/docker/Dockerfile');
  for (const [, paths] of dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)) {
    for (const path of paths!.split(' ')) t.ok(existsSync(join(top, path)), path);
  }
  const { include } = JSON.parse(text('tsconfig.json')) as { include: string[] };
  for (const folder of include)
    t.match(dockerfile, `COPY ${folder} ${folder}\n`, 'tsc finds all folders that it compiles');
  t.ok(manifest.scripts.build);
  t.match(dockerfile, `ENTRYPOINT ["node", "${manifest.bin['10m-server']}"]`);
  t.match(dockerfile, /^USER node$/m);
  const [, major] = /^FROM node:(\d+)-/m.exec(dockerfile)!;
  t.match(manifest.engines.node, `^${major}`, 'the package supports this Node');
});

t.test('the server accepts the variables of the compose file', async (t) => {
  const compose = text('docs/docker/docker-compose.yml');
  const variables = [...compose.matchAll(/^ {6}(TENM_\w+): (.+)$/gm)].map(([, name, value]) => [
    name!,
    value!,
  ]);
  const known = Object.keys(serverOptions).map(environmentName);
  for (const [name] of variables) t.ok(known.includes(name!), `${name} is a variable of the server`);
  const environment = { ...Object.fromEntries(variables), TENM_ADMIN_TOKEN: 'token' };
  const commandLine = await parseCommandLine(serverCommand, [], environment);
  if (!('values' in commandLine)) throw new Error(commandLine.text);
  const { ports, adminPort, redis } = commandLine.values;
  t.match(compose, `"${ports.first}-${ports.last}:${ports.first}-${ports.last}"`, 'the ports are published');
  t.match(compose, `targets: ["server:${adminPort}"]`, 'Prometheus scrapes the admin port');
  t.match(compose, `\n  ${new URL(redis!).hostname}:\n`, 'Redis is a service of that name');
  t.match(text('docs/docker/Dockerfile'), `http://127.0.0.1:${adminPort}/healthz`);
});

t.test('the compose file sets the values of the table', async (t) => {
  const lines = text('docs/docker/docker-compose.yml').matchAll(/^ {6}(net\.[a-z0-9_.]+): "(.*)"$/gm);
  const table = new Map(hostSettings.map(({ key, server }) => [key, server]));
  const set = [...lines];
  t.ok(set.length > 0);
  for (const [, key, value] of set) t.equal(value, table.get(key!), `${key}`);
});
