import { readFileSync } from 'node:fs';
import t from 'tap';
import { isFitNode } from '../../../server/command/node-version.js';

t.test('the Nodes that can load the programs', (t) => {
  for (const fit of ['20.19.0', '20.20.2', '22.12.0', '23.0.0', '24.1.0', '30.0.0'])
    t.ok(isFitNode(fit), fit);
  for (const unfit of ['12.22.0', '18.20.8', '19.9.0', '20.18.3', '21.7.3', '22.11.0'])
    t.notOk(isFitNode(unfit), unfit);
  t.ok(isFitNode(process.versions.node));
  t.end();
});

t.test('nothing that an old Node cannot load comes before that is asked', (t) => {
  for (const program of ['server', 'client', 'bench']) {
    const source = readFileSync(new URL(`../../../../${program}/main.ts`, import.meta.url), 'utf8');
    const specifiers = [...source.matchAll(/^import .*'(.+)';$/gm)].map((match) => match[1]!);
    t.same(
      specifiers.filter((specifier) => !/^node:|\/command\/node-version\.js$/.test(specifier)),
      [],
      program,
    );
    t.ok(source.indexOf(`requireNode('10m-${program}')`) < source.indexOf('await import('), program);
  }
  const own = readFileSync(new URL('../../../../server/command/node-version.ts', import.meta.url), 'utf8');
  t.notMatch(own, /^import /m);
  t.end();
});
