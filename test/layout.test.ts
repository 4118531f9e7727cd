// The structure as it is documented: imports point one way, and files stay small.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folders = ['server', 'client', 'bench', 'sysctl'];
const files = folders.flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name)),
);

/** What a file imports of this project, types apart, as paths from the root. */
function importsOf(file: string): string[] {
  const source = readFileSync(join(root, file), 'utf8');
  const specifiers = [...source.matchAll(/^(?:import|export) (?!type )[^;]*?from '(\.[^']+)'/gms)].map(
    (match) => match[1]!,
  );
  return specifiers.map((specifier) =>
    relative(root, join(root, dirname(file), specifier)).replace(/\.js$/, '.ts'),
  );
}

t.test('no import leads back to where it came from', (t) => {
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) throw new Error(`a cycle: ${[...path, file].join(' → ')}`);
    if (done.has(file)) return;
    for (const imported of importsOf(file)) visit(imported, [...path, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
  t.ok(done.size >= files.length);
  t.end();
});

t.test('stages do not know what is built of them', (t) => {
  const stages = files.filter(
    (file) => file.startsWith('server/') && !/\/(main|worker|primary)\.ts$/.test(file),
  );
  const wrong = stages.filter((file) =>
    importsOf(file).some((imported) => /^server\/(main|worker|primary)\.ts$/.test(imported)),
  );
  t.same(wrong, []);
  t.same(
    files.filter(
      (file) =>
        file.startsWith('server/') && importsOf(file).some((imported) => /^(client|bench)\//.test(imported)),
    ),
    [],
  );
  t.end();
});

t.test('main files say only what they start', (t) => {
  for (const file of files.filter((name) => name.endsWith('/main.ts'))) {
    t.ok(readFileSync(join(root, file), 'utf8').split('\n').length <= 40, file);
  }
  t.end();
});
