// What the three programs do with what people type: one line, exit code 2, and nothing opened.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { startServer } from '../harness/server.js';

const mainOf = (program: string): string =>
  fileURLToPath(new URL(`../../${program}/main.js`, import.meta.url));

/** Runs `program` through a shell, which opens what it is given, to its end. */
function run(program: string, words: string, environment: Record<string, string> = {}) {
  const { stdout, stderr, status } = spawnSync('bash', ['-c', `exec node '${mainOf(program)}' ${words}`], {
    encoding: 'utf8',
    env: { ...process.env, ...environment },
  });
  return { stdout, stderr, status };
}

t.test('whatever is wrong is one line on standard error, and exit code 2', (t) => {
  const refuse = (program: string, words: string, said: RegExp, environment = {}) => {
    const { stdout, stderr, status } = run(program, words, environment);
    t.equal(status, 2, `${program} ${words}: ${stderr}`);
    t.equal(stdout, '');
    t.match(stderr, /^[^\n]+\n$/);
    t.match(stderr, said);
  };
  for (const program of ['server', 'client', 'bench']) {
    refuse(program, '--confg x', /unknown flag --confg; did you mean --config\?/);
    refuse(program, '', /TENM_NOBODYS names no flag/, { TENM_NOBODYS: '1' });
  }
  refuse('server', 'doctor', /TENM_PORT=tcp:.* is a service link/, { TENM_PORT: 'tcp://10.96.0.1:1' });
  refuse('server', "--redis 'redis://:hun/ter2@h'", /"redis:\/\/\*\*\*@h" is not allowed; .*percent-encode/);
  refuse('server', "--redis 'redis://:%zz@h'", /"redis:\/\/\*\*\*@h" is not allowed; .*percent-encode/);
  refuse('server', '--config /dev/zero', /--config "\/dev\/zero" is a device/);
  refuse('server', `--config /dev/stdin < <(echo '{"workers": 0}')`, /--workers "0" \(from \/dev\/stdin\)/);
  refuse('server', `--config <(echo '{"workers": 0}')`, /--workers "0" \(from \/dev\/fd\/\d+\)/);
  refuse('server', '--tls-ports 1 --tls-cert <(echo x) --tls-key x', /--tls-cert "\/dev\/fd\/\d+" is a pipe/);
  refuse('server', '--auth jwt --jwt-secret-file <(echo x)', /--jwt-secret-file "\/dev\/fd\/\d+" is a pipe/);
  refuse('client', '127.0.0.1 1 --token-file /dev/zero', /--token-file "\/dev\/zero" is not allowed/);
  t.end();
});

t.test('help and version come whatever the environment says', (t) => {
  const environment = { TENM_NOBODYS: '1' };
  t.match(run('server', '--help', environment), { status: 0, stderr: '', stdout: /--config/ });
  t.match(run('client', '--version', environment), { status: 0, stdout: /^\d+\.\d+\.\d+\n$/ });
  t.end();
});

t.test("a shell's pipe serves where a file is read once", async (t) => {
  const under = ['bash', '-c', 'exec "$@" --admin-token-file <(echo secret)', 'bash'];
  const server = await startServer(t, ['--workers', '1'], { under });
  const publish = async (token: string) =>
    (
      await server.fetch('/publish/news', {
        method: 'POST',
        body: 'x',
        headers: { Authorization: `Bearer ${token}` },
      })
    ).status;
  t.equal(await publish('secret'), 202);
  t.equal(await publish('other'), 401);
});
