import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { closeCodes, closeReasons, cutReasons, refusals } from '../../server/codes.js';

const read = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../../../${name}`, import.meta.url)), 'utf8');

t.test('docs/protocol.md lists the close codes of the code', (t) => {
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

t.test('docs/protocol.md lists every status of a refusal', (t) => {
  const statuses = new Set(Object.values(refusals).map(({ status }) => status.slice(0, 3)));
  for (const status of statuses) t.match(read('docs/protocol.md'), `\n| ${status} | `);
  t.end();
});

t.test('docs/metrics.md lists every reason of a refusal and of a close', (t) => {
  const reasons = new Set([
    ...Object.values(refusals).map(({ reason }) => reason),
    ...Object.keys(closeReasons),
    ...Object.keys(cutReasons),
  ]);
  for (const reason of reasons) t.match(read('docs/metrics.md'), `\`${reason}\``);
  t.end();
});

t.test('links between the documents are not broken', (t) => {
  for (const name of ['README.md', 'docs/architecture.md', 'docs/protocol.md', 'docs/security.md']) {
    const folder = name.includes('/') ? 'docs/' : '';
    for (const [, link] of read(name).matchAll(/\]\((?!https?:)([^)#]+)/g))
      t.ok(existsSync(fileURLToPath(new URL(`../../../${folder}${link}`, import.meta.url))), String(link));
  }
  t.end();
});
