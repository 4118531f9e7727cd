// The house as docs/architecture.md describes it: the walls between its rooms, one direction for imports, small files.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const root = fileURLToPath(new URL('../../', import.meta.url));
const files = ['server', 'client', 'bench', 'sysctl'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name)),
);

/** Every import of a source, as written: static, of types, dynamic, and within a type. */
const specifiersOf = (source: string): string[] =>
  [...source.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*)'(\.[^']+)'/g)].map((match) => match[1]!);

/** What a file imports of this project, types among it, as paths from the root. */
const importsOf = (file: string, source = readFileSync(join(root, file), 'utf8')): string[] =>
  specifiersOf(source).map((specifier) =>
    relative(root, join(root, dirname(file), specifier)).replace(/\.js$/, '.ts'),
  );

/** A wall: files under `inside` import nothing that matches `forbidden`. */
interface Wall {
  readonly inside: string;
  readonly forbidden: RegExp;
}

/** What every room of the server may use. */
const SHARED = ['main', 'ipc', 'codes', 'channel', 'logger'];

const walls: readonly Wall[] = [
  { inside: 'server/worker/', forbidden: /^server\/(primary|admin|doctor|plan)\// },
  { inside: 'server/primary/', forbidden: /^server\/worker\// },
  { inside: 'server/admin/', forbidden: /^server\/(worker|primary)\// },
  { inside: 'server/command/', forbidden: /^(?!server\/command\/)/ },
  { inside: 'server/doctor/', forbidden: /^server\/(worker|primary|admin|broker)\// },
  { inside: 'server/plan/', forbidden: /^server\/(worker|primary|admin|broker|doctor)\// },
  ...['access', 'tls', 'host', 'broker', 'metrics', 'options'].map((room) => ({
    inside: `server/${room}/`,
    forbidden: /^server\/(worker|primary|admin|doctor|plan)\//,
  })),
  { inside: 'server/', forbidden: /^(client|bench)\// },
  { inside: 'client/', forbidden: /^(bench|server\/(?!command\/|host\/|plan\/|codes\.ts$))/ },
  { inside: 'bench/', forbidden: /^server\/(?!command\/|host\/|plan\/|codes\.ts$)/ },
];

/** Imports that go through a wall, as `file → imported`. */
const breaches = (file: string, imports: readonly string[]): string[] =>
  walls
    .filter(({ inside }) => file.startsWith(inside))
    .flatMap(({ forbidden }) => imports.filter((imported) => forbidden.test(imported)))
    .map((imported) => `${file} → ${imported}`);

t.test('nobody goes through a wall', (t) => {
  t.same(
    files.flatMap((file) => breaches(file, importsOf(file))),
    [],
  );
  t.end();
});

t.test('each wall holds', (t) => {
  const through: readonly (readonly [file: string, specifier: string])[] = [
    ['server/worker/x.ts', '../primary/primary.js'],
    ['server/worker/x.ts', '../admin/routes.js'],
    ['server/worker/x.ts', '../doctor/doctor.js'],
    ['server/worker/x.ts', '../plan/costs.js'],
    ['server/primary/x.ts', '../worker/worker.js'],
    ['server/admin/x.ts', '../primary/snapshot.js'],
    ['server/command/x.ts', '../logger.js'],
    ['server/doctor/x.ts', '../worker/worker.js'],
    ['server/plan/x.ts', '../primary/headroom.js'],
    ['server/broker/x.ts', '../worker/worker.js'],
    ['server/x.ts', '../client/main.js'],
    ['client/load/x.ts', '../../server/logger.js'],
    ['bench/x.ts', '../server/worker/worker.js'],
  ];
  for (const [file, specifier] of through) {
    for (const source of [
      `import { x } from '${specifier}';`,
      `import type { X } from '${specifier}';`,
      `export * from '${specifier}';`,
      `const x = await import('${specifier}');`,
      `type X = typeof import('${specifier}');`,
      `import '${specifier}';`,
    ]) {
      t.equal(breaches(file, importsOf(file, source)).length, 1, `${file}: ${source}`);
    }
  }
  t.end();
});

t.test('no import leads back to where it came from, types among them', (t) => {
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) throw new Error(`a circle: ${[...path, file].join(' → ')}`);
    if (done.has(file)) return;
    for (const imported of importsOf(file)) if (imported.endsWith('.ts')) visit(imported, [...path, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
  t.ok(done.size >= files.length);
  t.end();
});

t.test('no file of the server stands loose but what every room shares', (t) => {
  const loose = files.filter((file) => dirname(file) === 'server');
  t.same(loose.toSorted(), SHARED.map((name) => `server/${name}.ts`).toSorted());
  t.end();
});

/** Longer files, each with its reason. */
const LONG: Readonly<Record<string, string>> = {
  'server/primary/exposition.ts': 'one table: the name, type, help and reading of every metric',
};
const MAX_LINES = 250;

t.test('files stay small, and main files say only what they start', (t) => {
  const lines = (file: string) => readFileSync(join(root, file), 'utf8').split('\n').length - 1;
  const long = files.filter((file) => lines(file) > MAX_LINES);
  t.same(long.toSorted(), Object.keys(LONG).toSorted());
  for (const file of files.filter((name) => name.endsWith('/main.ts'))) t.ok(lines(file) <= 40, file);
  t.end();
});

/**
 * Files of the rooms below that no test of their own mirrors: they put the others together, and whole servers under
 * test/integration try them. This list may only get shorter.
 */
const UNMIRRORED: readonly string[] = [
  'server/primary/exposition-text.ts',
  'server/primary/overview.ts',
  'server/primary/primary.ts',
  'server/primary/worker-pool.ts',
  'server/worker/orders.ts',
  'server/worker/public-app.ts',
  'server/worker/worker.ts',
];
const MIRRORED_ROOMS = ['worker', 'primary', 'access', 'broker', 'metrics'];

t.test('every file of these rooms has a test of its own that imports it', (t) => {
  const missing = files
    .filter((file) => MIRRORED_ROOMS.some((room) => file.startsWith(`server/${room}/`)))
    .filter((file) => {
      const mirror = join(root, 'test', file.replace(/\.ts$/, '.test.ts'));
      if (!existsSync(mirror)) return true;
      const specifier = `/${file.replace(/\.ts$/, '.js')}'`;
      return !readFileSync(mirror, 'utf8').includes(specifier);
    });
  t.same(missing.toSorted(), [...UNMIRRORED].toSorted());
  t.end();
});
