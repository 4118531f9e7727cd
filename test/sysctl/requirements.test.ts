import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { hostSettings } from '../../sysctl/requirements.js';

// The tests run in dist/test/sysctl, but read the source files.
const top = fileURLToPath(new URL('../../../', import.meta.url));
const text = (path: string): string => readFileSync(join(top, path), 'utf8');

/** Parses the settings of a sysctl.d file, each with the comment above it. */
function parseConf(
  content: string,
): { key: string; value: string; mayBeMissing: boolean; comment: string }[] {
  return content.split('\n\n').flatMap((block) => {
    const lines = block.split('\n').filter((line) => line !== '');
    const setting = /^(-?)([a-z0-9_.-]+) = (.+)$/.exec(lines.at(-1) ?? '');
    if (setting === null) return [];
    const comment = lines.slice(0, -1).join('\n');
    return [{ key: setting[2]!, value: setting[3]!, mayBeMissing: setting[1] === '-', comment }];
  });
}

for (const role of ['server', 'client'] as const) {
  t.test(
    `10m-${role}.conf sets the values of the table, and states the reason and the cost of each`,
    async (t) => {
      const content = text(`sysctl/10m-${role}.conf`);
      const conf = parseConf(content);
      const settings = hostSettings.filter((setting) => setting[role] !== undefined);
      t.same(
        conf.map(({ key, value, mayBeMissing }) => [key, value, mayBeMissing]),
        settings.map((setting) => [setting.key, setting[role], setting.mayBeMissing]),
      );
      t.equal(
        content.match(/^-?[a-z0-9_.-]+ = /gm)?.length,
        conf.length,
        'each setting has a block of its own',
      );
      for (const { key, comment } of conf) {
        t.match(comment, /^#/, `${key}: reason`);
        t.match(comment, /^# Cost: /m, `${key}: cost`);
      }
    },
  );
}

t.test('the server configuration is enough for ten million connections', async (t) => {
  const load = {
    connections: 10_000_000,
    filesPerWorker: 313_629,
    filesInAll: 10_036_128,
    listeners: 32_032,
    ports: ['10000-11000', '9110', '6379'],
  };
  for (const { key, rule, server, needed } of hostSettings) {
    if (server === undefined || needed === undefined) continue;
    if (rule === 'includes') {
      t.same(server.split(',').sort(), needed(load).split(',').sort(), key);
      continue;
    }
    const values = server.split(' ').map(Number);
    needed(load)
      .split(' ')
      .map(Number)
      .forEach((need, i) => {
        if (rule === 'at-least') t.ok(values[i]! >= need, `${key}: ${values[i]} ≥ ${need}`);
        else t.equal(values[i], need, key);
      });
  }
});

t.test('apply.sh treats exactly the limits of the table as limits', async (t) => {
  const [, body] = /is_limit\(\) \{\n([\s\S]*?)\n\}/.exec(text('sysctl/apply.sh'))!;
  const limits = hostSettings.filter(
    ({ rule, server, client }) => rule === 'at-least' && (server ?? client) !== undefined,
  );
  t.same(body!.match(/[a-z]+\.[a-z0-9_.-]+/g)?.sort(), limits.map(({ key }) => key).sort());
});

t.test('the server configuration and the docs name the boot parameters', async (t) => {
  for (const file of ['sysctl/10m-server.conf', 'docs/host.md']) {
    t.match(text(file), /thash_entries=4194304/, file);
    t.match(text(file), /tcp_child_ehash_entries = 4194304/, file);
  }
});

t.test('limits.conf and the unit set the limit of open files to fs.nr_open', async (t) => {
  const nrOpen = hostSettings.find((setting) => setting.key === 'fs.nr_open')!.server!;
  const limits = text('sysctl/limits.conf')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(/\s+/));
  t.same(limits, [
    ['*', 'soft', 'nofile', nrOpen],
    ['*', 'hard', 'nofile', nrOpen],
    ['root', 'soft', 'nofile', nrOpen],
    ['root', 'hard', 'nofile', nrOpen],
  ]);
  t.match(text('sysctl/10m-server.service'), `\nLimitNOFILE=${nrOpen}\n`);
});

t.test('the unit drains, reloads and restarts the server, and lets V8 compile', async (t) => {
  const unit = new Map(
    text('sysctl/10m-server.service')
      .split('\n')
      .flatMap((line) =>
        /^[A-Z]\w*=/.test(line) ? [line.split(/=(.*)/s).slice(0, 2) as [string, string]] : [],
      ),
  );
  t.equal(unit.get('ExecReload'), '/bin/kill -HUP $MAINPID');
  t.equal(unit.get('KillMode'), 'mixed', 'the primary drains the workers');
  t.ok(
    Number(unit.get('TimeoutStopSec')) >= 10_000_000 / 5000,
    'enough for ten million connections at the default --drain-rate',
  );
  t.equal(unit.get('Restart'), 'always');
  t.equal(unit.get('OOMPolicy'), 'continue');
  t.notOk(unit.has('MemoryDenyWriteExecute'));
  t.notOk(unit.has('ProcSubset'), '/proc/sys must stay readable');
});

t.test('docs/host.md contains the table', async (t) => {
  const docs = text('docs/host.md').replace(/ +/g, ' ');
  const code = (value: string | undefined): string => (value === undefined ? '' : ` \`${value}\``);
  for (const { key, server, client, why, cost, source } of hostSettings) {
    t.match(docs, `| \`${key}\` |${code(server)} |${code(client)} |\n`, `${key}: values`);
    t.match(docs, `- \`${key}\`: ${why}. Cost: ${cost}. (${source})\n`, `${key}: reason and cost`);
  }
});
