import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parseCommandLine } from '../../../server/command/command-line.js';
import { flagName, size } from '../../../server/command/option.js';
import { serverCommand, serverOptions } from '../../../server/options/server-options.js';

const parse = (argv: string[], environment: Record<string, string> = {}) =>
  parseCommandLine(serverCommand, argv, environment);

const values = async (argv: string[], environment: Record<string, string> = {}) => {
  const commandLine = await parse(argv, environment);
  if ('text' in commandLine) throw new Error(commandLine.text);
  return commandLine.values;
};

const complaint = async (argv: string[], environment: Record<string, string> = {}) => {
  const commandLine = await parse(argv, environment);
  if (!('text' in commandLine)) throw new Error(`nothing was wrong with ${argv.join(' ')}`);
  if (commandLine.exitCode !== 2 || commandLine.text.includes('\n'))
    throw new Error(`not one line: ${commandLine.text}`);
  return commandLine.text;
};

const folder = t.testdir({ secret: 'x'.repeat(32), token: 'two words' });

const configFile = (content: string): string => {
  const path = join(folder, 'config.json');
  writeFileSync(path, content);
  return path;
};

t.test('the defaults are those of the table, checked and frozen', async (t) => {
  const options = await values([]);
  t.match(options, {
    host: '0.0.0.0',
    ports: { first: 10000, last: 11000 },
    pingInterval: 300,
    pingType: 'message',
  });
  t.equal(options.redis, undefined);
  t.ok(Object.isFrozen(options));
});

t.test('flag beats environment beats file beats default', async (t) => {
  const path = configFile('{"ping-interval": 10, "workers": 3, "drain-rate": 7}');
  const options = await values(['--config', path, '--ping-interval', '30'], {
    TENM_PING_INTERVAL: '20',
    TENM_WORKERS: '5',
  });
  t.match(options, { pingInterval: 30, workers: 5, drainRate: 7, maxMessage: 1048576 });
  t.match(await values([], { TENM_CONFIG: path }), { pingInterval: 10 });
  t.match(await values([], { TENM_WORKERS: '' }), { workers: Number(serverOptions.workers.default) });
});

t.test(
  'a wrong value is one line that names the flag, the value, where it came from and what is allowed',
  async (t) => {
    t.match(
      await complaint(['--workers', '0']),
      /--workers "0" is not allowed; give a whole number from 1 to 1024/,
    );
    t.match(await complaint([], { TENM_WORKERS: 'x' }), /--workers "x" \(from TENM_WORKERS\) is not allowed/);
    t.match(
      await complaint(['--config', configFile('{"workers": []}')]),
      /--workers \[\] \(from .*config\.json\)/,
    );
    for (const bad of ['1.5', '1e3', '0x10', ' 1', 'NaN', '-1', '99999999999999999999', '']) {
      t.match(await complaint([`--workers=${bad}`]), /--workers/, `"${bad}" workers`);
    }
    for (const bad of ['0', '65536', '10-1', '1-', '-', 'a', '1-2-3', '']) {
      t.match(await complaint([`--ports=${bad}`]), /--ports/, `"${bad}" ports`);
    }
    for (const bad of ['http://h', 'redis://', '127.0.0.1:6379', 'redis://h/x', '']) {
      t.match(await complaint([`--redis=${bad}`]), /--redis/, `"${bad}" redis`);
    }
  },
);

t.test('secrets are not shown', async (t) => {
  t.notMatch(await complaint(['--redis', 'redis://u:hunter2@h:x']), /hunter2/);
  t.notMatch(await complaint(['--admin-token', 'hunter2 ']), /hunter2/);
});

t.test('what is unknown is refused by name', async (t) => {
  t.match(await complaint(['--nope', '1']), /--nope/);
  t.match(await complaint(['stray']), /"stray"/);
  t.match(await complaint(['--workers']), /workers/);
  t.match(await complaint(['--config', configFile('{"nope": 1}')]), /"nope"/);
  t.match(await complaint(['--config', configFile('[]')]), /JSON object/);
  t.match(await complaint(['--config', configFile('{')]), /--config/);
  t.match(await complaint(['--config', '/nonexistent.json']), /--config "\/nonexistent.json" cannot be used/);
});

t.test('options that contradict each other', async (t) => {
  t.match(await complaint(['--admin-host', '0.0.0.0']), /--admin-token/);
  t.match(await complaint(['--admin-port', '10500']), /--admin-port 10500 lies inside/);
  t.match(await values(['--admin-host', '0.0.0.0', '--admin-token', 'secret']), { adminHost: '0.0.0.0' });
});

t.test('--help lists every flag with its default and unit, --version is the package version', async (t) => {
  const help = await parse(['--help']);
  if (!('text' in help)) throw new Error('no help');
  t.equal(help.exitCode, 0);
  for (const [key, option] of Object.entries(serverOptions)) {
    t.match(help.text, `--${flagName(key)}`);
    if (option.default !== undefined && option.defaultText === undefined) t.match(help.text, option.default);
  }
  const version = await parse(['--version']);
  t.match('text' in version && version.text, /^\d+\.\d+\.\d+$/);
});

t.test('a size has a decimal or a binary suffix, or none', async (t) => {
  const { parse } = size({ help: 'of something', defaultText: 'none' });
  const sizes: [string, number][] = [
    ['1', 1],
    ['1024B', 1024],
    ['64KB', 64_000],
    ['64KiB', 65_536],
    ['1.1GB', 1_100_000_000],
    ['208GB', 208_000_000_000],
    ['1.5TiB', 1.5 * 1024 ** 4],
  ];
  for (const [raw, bytes] of sizes) t.equal(parse(raw), bytes, raw);
  for (const bad of ['', '0', '-1', '1 GB', '1gb', '1e9', 'GB', '1PB', '0.1B', '1iB'])
    t.equal(parse(bad), undefined, bad);
});

t.test('rules over several options, and over the files that they name', async (t) => {
  const rules: [argv: string, said: RegExp][] = [
    ['--ports none', /--ports none leaves nothing to listen on/],
    ['--tls-ports 443', /TLS needs .*; give --tls-cert and --tls-key too/],
    ['--tls-cert a --tls-key b', /give --tls-ports too/],
    ['--tls-ports 10500-10600 --tls-cert a --tls-key b', /--tls-ports 10500-10600 overlaps --ports/],
    ['--tls-ports 9000-9200 --tls-cert a --tls-key b', /--admin-port 9110 lies inside --tls-ports/],
    ['--ports 9000-9200', /--admin-port 9110 lies inside --ports/],
    ['--auth jwt', /give --jwt-secret-file or --jwt-public-key/],
    ['--auth jwt --jwt-secret-file a --jwt-public-key b', /needs one key/],
    ['--jwt-secret-file a', /give --auth jwt too/],
    ['--auth jwt --jwt-secret-file /nowhere', /--jwt-secret-file "\/nowhere" cannot be read: ENOENT/],
    [`--auth jwt --jwt-public-key ${folder}/secret`, /holds no public key in PEM and no JWKS/],
    ['--admin-token a --admin-token-file b', /both given/],
    ['--admin-token-file /nowhere', /--admin-token-file "\/nowhere" cannot be read: ENOENT/],
    [`--admin-token-file ${folder}/token`, /holds no single line of printable ASCII/],
    ['--admin-host 0.0.0.0', /give --admin-token or --admin-token-file too/],
    ['--allowed-origins *', /--allowed-origins "\*" is not allowed; give origins separated by commas/],
    ['--trust-proxy 10.0.0.0/33', /--trust-proxy "10.0.0.0\/33" is not allowed; give addresses or blocks/],
    ['--max-connections-per-ip 0', /--max-connections-per-ip "0"/],
    ['--max-handshakes-per-second 0', /--max-handshakes-per-second "0"/],
    ['--auth basic', /one of none, jwt/],
  ];
  for (const [argv, said] of rules) t.match(await complaint(argv.split(' ')), said, argv);
  const options = await values(
    `--auth jwt --jwt-secret-file ${folder}/secret --trust-proxy 10.0.0.0/8,::1 --allowed-origins`
      .split(' ')
      .concat('https://a.test, *.b.test'),
  );
  t.same(options.trustProxy, ['10.0.0.0/8', '::1']);
  t.same(options.allowedOrigins, ['https://a.test', '*.b.test']);
});
