// The supply chain as docs/security.md describes it.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (name: string) => JSON.parse(readFileSync(`${root}${name}`, 'utf8'));
const manifest = read('package.json');

t.test('dependencies are pinned, and locked with their hashes', (t) => {
  for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
    t.match(version, /^(npm:@[\w-]+\/[\w.-]+@)?\d+\.\d+\.\d+$/, name);
  }
  for (const [path, entry] of Object.entries<{ integrity?: string }>(read('package-lock.json').packages)) {
    if (path !== '' && !('inBundle' in entry)) t.type(entry.integrity, 'string', path);
  }
  t.end();
});

t.test('installing the package runs nothing of ours', (t) => {
  for (const script of ['preinstall', 'install', 'postinstall']) t.notOk(script in manifest.scripts, script);
  t.end();
});

t.test('npm audit finds nothing', (t) => {
  const { stdout } = spawnSync('npm', ['audit', '--json'], { cwd: root, encoding: 'utf8' });
  const report = JSON.parse(stdout);
  if (report.auditReportVersion === undefined) {
    t.comment(`the registry does not say: ${report.message}`);
    return t.end();
  }
  t.equal(report.metadata.vulnerabilities.total, 0, JSON.stringify(report.vulnerabilities));
  t.end();
});
