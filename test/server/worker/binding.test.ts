import { execFile, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { withoutC23 } from '../../../server/worker/binding.js';
import { temporaryFolder } from '../../harness/temporary-folder.js';

const run = promisify(execFile);
const roundTrip = fileURLToPath(new URL('../../harness/binding-round-trip.js', import.meta.url));
const packageDir = dirname(createRequire(import.meta.url).resolve('uWebSockets.js'));
const native = readFileSync(join(packageDir, `uws_linux_x64_${process.versions.modules}.node`));
const scratch = () => temporaryFolder('binding');

/** Of no entry in passwd. */
const NOBODY = 54_321;

function whyNoOtherUser(): string | false {
  if (process.getuid?.() !== 0) return 'to be another user needs root';
  const { status } = spawnSync(process.execPath, ['--check', roundTrip], { uid: NOBODY, env: {} });
  return status === 0 ? false : 'this folder is closed to other users';
}

t.test('the copy needs no GLIBC_2.38, and differs from the original in nothing but those few bytes', (t) => {
  const copy = withoutC23(native);
  t.equal(copy.length, native.length);
  const changed = native.reduce((count, byte, i) => count + (copy[i] === byte ? 0 : 1), 0);
  t.ok(changed > 0 && changed <= 3 * 4 + 8, `${changed} bytes differ`);
  t.throws(() => withoutC23(copy), /unexpected C23 names: none/, 'there is nothing left to do');
  t.throws(() => withoutC23(Buffer.from('not a library, whatever its name is')), /not an ELF64/);
  t.end();
});

t.test('an unknown C23 name is not guessed at', (t) => {
  const strange = Buffer.from(native);
  const at = strange.indexOf('__isoc23_strtol\0');
  strange.write('__isoc23_strange'.slice(0, 15), at);
  t.throws(() => withoutC23(strange), /unexpected C23 names: __isoc23_strang/);
  t.end();
});

t.test('load, listen, one round trip', async (t) => {
  const cache = scratch();
  const once = async (command: string, args: string[]) => {
    const { stdout } = await run(command, args, {
      env: { ...process.env, XDG_CACHE_HOME: cache },
      timeout: 110_000,
    });
    return stdout.trim();
  };
  t.match(await once(process.execPath, [roundTrip]), /^v20\.\S+ hello$|^v2[24]\.\S+ hello$/);
  for (const version of ['22', '24']) {
    const args = ['exec', '--yes', `--package=node@${version}`, '--', 'node', roundTrip];
    t.match(await once('npm', args), new RegExp(`v${version}\\.\\S+ hello$`));
  }

  await t.test('many at once share one copy, and leave no partial files', async (t) => {
    const fresh = scratch();
    const env = { ...process.env, XDG_CACHE_HOME: fresh };
    const results = await Promise.all(
      Array.from({ length: 6 }, () => run(process.execPath, [roundTrip], { env })),
    );
    t.ok(results.every(({ stdout }) => stdout.includes('hello')));
    if (!existsSync(join(fresh, '10m'))) return t.pass('this glibc loads the binding as it is');
    t.equal(readdirSync(join(fresh, '10m')).length, 1);
  });

  await t.test('a damaged copy is replaced, a folder of others is not trusted', async (t) => {
    if (!existsSync(join(cache, '10m'))) return t.pass('this glibc loads the binding as it is');
    const fresh = scratch();
    const env = { ...process.env, XDG_CACHE_HOME: fresh };
    await run(process.execPath, [roundTrip], { env });
    const [name] = readdirSync(join(fresh, '10m'));
    const path = join(fresh, '10m', name!);
    writeFileSync(path, 'damaged');
    t.match((await run(process.execPath, [roundTrip], { env })).stdout, 'hello');
    t.ok(statSync(path).size > 1000);

    const open = scratch();
    mkdirSync(join(open, '10m'));
    chmodSync(join(open, '10m'), 0o777);
    const withOpen = { ...process.env, XDG_CACHE_HOME: open, TMPDIR: scratch() };
    t.match(
      (await run(process.execPath, [roundTrip], { env: withOpen })).stdout,
      'hello',
      'the next folder is taken',
    );
    t.same(readdirSync(join(open, '10m')), []);
  });

  await t.test('a symbolic link is not followed, neither of the folder nor of the file', async (t) => {
    if (!existsSync(join(cache, '10m'))) return t.pass('this glibc loads the binding as it is');
    const [elsewhere, fresh, temporary] = [scratch(), scratch(), scratch()];
    symlinkSync(elsewhere, join(fresh, '10m'));
    const env = { ...process.env, XDG_CACHE_HOME: fresh, TMPDIR: temporary };
    t.match((await run(process.execPath, [roundTrip], { env })).stdout, 'hello', 'the next folder is taken');
    t.same(readdirSync(elsewhere), []);
    const [folder] = readdirSync(temporary).filter((name) => name.startsWith('10m-'));
    const [name] = readdirSync(join(temporary, folder!));
    const path = join(temporary, folder!, name!);
    copyFileSync(path, join(elsewhere, name!));
    rmSync(path);
    symlinkSync(join(elsewhere, name!), path);
    await run(process.execPath, [roundTrip], { env });
    t.ok(lstatSync(path).isFile(), 'a file takes the place of the link');
  });

  await t.test('what a process of the same number left half-written is no obstacle', async (t) => {
    if (!existsSync(join(cache, '10m'))) return t.pass('this glibc loads the binding as it is');
    const fresh = scratch();
    const env = { ...process.env, XDG_CACHE_HOME: fresh, TMPDIR: scratch() };
    await run(process.execPath, [roundTrip], { env });
    const [name] = readdirSync(join(fresh, '10m'));
    rmSync(join(fresh, '10m', name!));
    const leave = `ln -s /nowhere/at/all "${join(fresh, '10m', name!)}.$$"; exec "$@"`;
    await run('sh', ['-c', leave, 'sh', process.execPath, roundTrip], { env });
    t.same(readdirSync(join(fresh, '10m')), [name]);
  });

  await t.test(
    'no home: neither a variable nor an entry in passwd',
    { skip: whyNoOtherUser() },
    async (t) => {
      for (const variables of [{}, { HOME: '' }, { HOME: '/nowhere' }, { XDG_CACHE_HOME: 'relative' }]) {
        const temporary = scratch();
        chmodSync(temporary, 0o1777);
        const env = { PATH: process.env['PATH'], TMPDIR: temporary, ...variables };
        const { stdout } = await run(process.execPath, [roundTrip], { env, uid: NOBODY, gid: NOBODY });
        t.match(stdout, 'hello', JSON.stringify(variables));
        t.same(
          readdirSync(temporary).filter((name) => name === `10m-${NOBODY}`).length,
          existsSync(join(cache, '10m')) ? 1 : 0,
        );
      }
    },
  );

  await t.test('no folder at all: one error that says what to do', async (t) => {
    if (!existsSync(join(cache, '10m'))) return t.pass('this glibc loads the binding as it is');
    const file = join(scratch(), 'file');
    writeFileSync(file, '');
    const env = { ...process.env, XDG_CACHE_HOME: file, TMPDIR: file };
    const error = await run(process.execPath, [roundTrip], { env }).catch(
      (reason: Error & { stderr: string }) => reason,
    );
    t.match(
      'stderr' in error && error.stderr,
      /cannot be loaded on this host .*glibc 2\.\d+.*XDG_CACHE_HOME/,
    );
  });
});
