// The scripts for Google Compute Engine, against a gcloud that only notes its calls.
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const script = fileURLToPath(new URL('../../../bench/gce/run.sh', import.meta.url));

interface Outcome {
  readonly code: number;
  readonly output: string;
  readonly calls: string[];
}

/** Runs the script with a stub; `failing` is a part of the call that the stub refuses. */
function runScript(folder: string, argv: string[], failing = 'none of them'): Promise<Outcome> {
  const log = join(folder, 'calls');
  const gcloud = join(folder, 'gcloud');
  writeFileSync(gcloud, `#!/bin/bash\necho "$*" >> '${log}'\n[[ "$*" != *'${failing}'* ]]\n`);
  chmodSync(gcloud, 0o755);
  const env = {
    ...process.env,
    PATH: `${folder}${delimiter}${process.env['PATH']}`,
    OUT: join(folder, 'out'),
    SERVER_PRICE: '2',
    CLIENT_PRICE: '0.5',
  };
  return new Promise((resolve) => {
    execFile('bash', [script, ...argv], { env, timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({
        code: error === null ? 0 : Number(error.code),
        output: stdout + stderr,
        calls: existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [],
      });
    });
  });
}

t.test('a dry run prints every command and runs none', async (t) => {
  const { code, output, calls } = await runScript(t.testdir(), ['--dry-run']);
  t.equal(code, 0);
  t.strictSame(calls, []);
  t.match(output, /gcloud compute instances create \S+-server --machine-type n1-highmem-32 /);
  t.equal(output.match(/prepare\.sh\\ client/g)?.length, 10, 'ten clients of a million each');
  t.match(output, /million\\ --load\\ external\\ --connections\\ 10000000/);
  t.match(output, /gcloud compute instances delete (\S+-server) /);
});

t.test('what it creates it measures, fetches and deletes', async (t) => {
  const { code, output, calls } = await runScript(t.testdir(), ['--connections', '2500000']);
  t.equal(code, 0, output);
  const created = calls.filter((call) => call.startsWith('compute instances create'));
  t.equal(created.length, 2);
  const names = created.flatMap((call) => call.match(/tenm-\S+-(?:server|client-\d+)/g) ?? []);
  t.equal(names.length, 4);
  const load = calls.filter((call) => call.includes('dist/client/main.js') && call.includes('--json'));
  t.strictSame(load.map((call) => / (\d+) --idle-timeout/.exec(call)?.[1]).sort(), [
    '1000000',
    '1000000',
    '500000',
  ]);
  for (const name of names) {
    t.ok(
      calls.some((call) => call.startsWith(`compute scp --recurse ${name}:results`)),
      `results of ${name}`,
    );
  }
  t.match(calls.at(-1)!, /^compute instances delete /);
  for (const name of names) t.ok(calls.at(-1)!.includes(name), `${name} is deleted`);
  t.match(output, /cost at SERVER_PRICE and CLIENT_PRICE: about 0\.0/);
});

for (const failing of ['prepare.sh', 'n1-highmem-8', 'million --load external', 'scp --recurse']) {
  t.test(`everything is deleted when "${failing}" fails`, async (t) => {
    const { code, calls } = await runScript(t.testdir(), ['--connections', '1000'], failing);
    t.equal(code, 1);
    t.match(calls.at(-1)!, /^compute instances delete \S+-server \S+-client-0 /);
  });
}

t.test('a delete that fails is said loudly', async (t) => {
  const { code, output } = await runScript(t.testdir(), ['--connections', '1000'], 'instances delete');
  t.equal(code, 1);
  t.match(output, /NOT DELETED, and they cost money/);
});

t.test('wrong arguments', async (t) => {
  for (const argv of [['--connections', '0'], ['--connections'], ['--what']]) {
    const { code, calls } = await runScript(t.testdir(), argv);
    t.equal(code, 2, argv.join(' '));
    t.strictSame(calls, []);
  }
});
