import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const main = fileURLToPath(new URL('../../../server/main.js', import.meta.url));

for (const args of [['--help'], ['plan'], ['doctor']]) {
  t.test(`${args}: a full disk is one line and exit 1`, async (t) => {
    const child = spawn('node', [main, ...args], { stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'] });
    const lines: Buffer[] = [];
    child.stderr!.on('data', (chunk: Buffer) => lines.push(chunk));
    const [code] = await once(child, 'close');
    t.equal(code, 1);
    t.match(Buffer.concat(lines).toString(), /^cannot write to standard output: ENOSPC[^\n]*\n$/);
  });

  t.test(`${args}: a reader that has left is no error`, async (t) => {
    const child = spawn('node', [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout!.destroy();
    const lines: Buffer[] = [];
    child.stderr!.on('data', (chunk: Buffer) => lines.push(chunk));
    await once(child, 'close');
    t.equal(Buffer.concat(lines).toString(), '');
  });
}
