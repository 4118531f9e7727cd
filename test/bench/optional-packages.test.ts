// A server is installed without what only the benchmark needs, and the benchmark says what to install.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { missingText } from '../../bench/optional-packages.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const optional = ['@observablehq/plot', 'linkedom', 'ws'];

/** The packages of the lock file that `npm ci --omit=dev` installs. */
const installedWithoutDev = (): string[] => {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  return Object.entries<{ dev?: boolean; devOptional?: boolean }>(packages)
    .filter(([path, { dev, devOptional }]) => path !== '' && dev !== true && devOptional !== true)
    .map(([path]) => path.replace(/^node_modules\//, ''));
};

t.test('a server does without them, and nothing obstructs another version of them', async (t) => {
  const installed = installedWithoutDev();
  for (const name of optional) {
    t.notOk(installed.includes(name), name);
    t.equal(manifest.peerDependencies[name], '*', name);
    t.same(manifest.peerDependenciesMeta[name], { optional: true }, name);
  }
  t.ok(installed.length <= 30, `${installed.length} packages: ${installed.join(', ')}`);
});

/** The program with all packages but the optional ones, in a folder that has no other packages above it. */
function installWithoutThem(folder: string): string {
  for (const part of ['bench', 'client', 'server', 'sysctl']) {
    cpSync(join(root, 'dist', part), join(folder, 'dist', part), { recursive: true });
  }
  cpSync(join(root, 'package.json'), join(folder, 'package.json'));
  mkdirSync(join(folder, 'node_modules'));
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (name.startsWith('.') || optional.some((package_) => package_.split('/')[0] === name)) continue;
    symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name));
  }
  return join(folder, 'dist/bench/main.js');
}

t.test('10m-bench says in one line what to install, before it starts anything', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), '10m-test-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const main = installWithoutThem(folder);
  const bench = (...argv: string[]) => spawnSync(process.execPath, [main, ...argv], { encoding: 'utf8' });
  const { '@observablehq/plot': plot, linkedom, ws } = manifest.devDependencies;
  const idle = bench('idle');
  t.equal(idle.status, 1);
  t.equal(idle.stdout, '');
  t.equal(
    idle.stderr,
    `10m-bench: the benchmark needs packages that a server does without; install them with: npm install @observablehq/plot@${plot} linkedom@${linkedom}\n`,
  );
  t.match(bench('idle', '--against', 'ws').stderr, ` linkedom@${linkedom} ws@${ws}\n`);
  t.equal(bench('--help').status, 0);
  t.equal(bench('idle', '--rate', 'x').status, 2, 'a wrong flag is told first');
});

t.test('one that is missing', async (t) => {
  t.equal(
    missingText(['a', 'ws'], (name) => name !== 'ws'),
    `the benchmark needs a package that a server does without; install it with: npm install ws@${manifest.devDependencies.ws}`,
  );
  t.equal(missingText(optional), undefined, 'all are installed in a clone');
});
