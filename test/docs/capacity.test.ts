import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { formatBytes, formatNumber, formatSpan } from '../../server/command/quantity.js';
import { capacity, type Load, type Machine } from '../../server/plan/capacity.js';
import { articleCosts, type Cost, type Costs, tenmCosts } from '../../server/plan/costs.js';

// The columns of tables are padded.
const docs = readFileSync(
  fileURLToPath(new URL('../../../docs/capacity.md', import.meta.url)),
  'utf8',
).replace(/ +/g, ' ');

t.test('docs/capacity.md lists the constants of the model', async (t) => {
  const shown = (cost: Cost): string => `${formatSpan(cost, formatNumber)} ${cost.unit}`;
  const names = Object.keys(tenmCosts).filter((key) => key !== 'isOneProcess') as Exclude<
    keyof Costs,
    'isOneProcess'
  >[];
  for (const name of names) {
    const ours = tenmCosts[name];
    const theirs = articleCosts[name] === ours ? 'the same' : shown(articleCosts[name]);
    t.match(docs, `| ${ours.of} | ${shown(ours)} | ${theirs} | ${ours.measured} |\n`);
  }
});

t.test("docs/capacity.md has the model's figures for the article's machine", async (t) => {
  const load: Load = {
    connections: 10_000_000,
    pingIntervalSeconds: 300,
    messagesPerSecond: 0,
    fanout: 1,
    messageBytes: 100,
    channels: 'own',
    tls: false,
  };
  const machine: Machine = { cores: 32, memoryBytes: 208e9, openFiles: 11_000_000, ports: 1001 };
  const article = capacity(load, machine, articleCosts);
  const ours = capacity(load, machine);
  const cell = (answer: typeof ours, field: 'userBytes' | 'kernelBytes') =>
    formatSpan(answer[field], formatBytes);
  t.match(docs, `| ${cell(ours, 'userBytes')} |\n`);
  t.match(docs, `| ${cell(article, 'kernelBytes')} | ${cell(ours, 'kernelBytes')} |\n`);
  t.match(docs, `${formatSpan(article.busyCores, formatNumber)} cores: 3–4%`);
  t.match(docs, `${formatSpan(ours.busyCores, formatNumber)} cores: 1%`);
  t.match(docs, `${(article.holds!.connections / 1e6).toFixed(1)} million, by its limit of open files`);
  t.match(docs, `${(ours.holds!.connections / 1e6).toFixed(1)} million, by memory`);
  const small = capacity(load, { ...machine, cores: 4, memoryBytes: 26e9 });
  t.match(docs, `memory for ${(small.holds!.connections / 1e6).toFixed(1)} million`);
});
