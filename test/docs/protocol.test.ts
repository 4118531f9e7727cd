import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { closeCodes, closeReasons, cutReasons, refusals } from '../../server/codes.js';

const read = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../../../${name}`, import.meta.url)), 'utf8');

t.test('the close codes in the code are those in docs/protocol.md', (t) => {
  const rows = [...read('docs/protocol.md').matchAll(/^\| (\d{4}) \| ([^|]+) \| (yes|no) \|$/gm)].map((row) =>
    row.slice(1),
  );
  const codes = Object.values(closeCodes).map(({ code, meaning, comesBack }) => [
    String(code),
    meaning,
    comesBack ? 'yes' : 'no',
  ]);
  t.same(rows, codes);
  t.end();
});

t.test('every status of a refusal is in docs/protocol.md', (t) => {
  const statuses = new Set(Object.values(refusals).map(({ status }) => status.slice(0, 3)));
  for (const status of statuses) t.match(read('docs/protocol.md'), `\n| ${status} | `);
  t.end();
});

t.test('every reason of a refusal and of a close is in docs/metrics.md', (t) => {
  const reasons = new Set([
    ...Object.values(refusals).map(({ reason }) => reason),
    ...Object.keys(closeReasons),
    ...Object.keys(cutReasons),
  ]);
  for (const reason of reasons) t.match(read('docs/metrics.md'), `\`${reason}\``);
  t.end();
});

t.test('links between the documents lead somewhere', (t) => {
  for (const name of ['README.md', 'docs/architecture.md', 'docs/protocol.md', 'docs/security.md']) {
    const folder = name.includes('/') ? 'docs/' : '';
    for (const [, link] of read(name).matchAll(/\]\((?!https?:)([^)#]+)/g))
      t.ok(existsSync(fileURLToPath(new URL(`../../../${folder}${link}`, import.meta.url))), String(link));
  }
  t.end();
});
