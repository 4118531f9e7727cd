import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { benchCommand } from '../../../bench/options.js';
import { loadCommand, subscribeCommand } from '../../../client/options.js';
import type { Command } from '../../../server/command/command.js';
import { parseCommandLine } from '../../../server/command/command-line.js';
import { flagName, size } from '../../../server/command/option.js';
import { serverCommand } from '../../../server/options/server-command.js';
import { serverOptions } from '../../../server/options/server-options.js';
import { planCommand } from '../../../server/plan/plan.js';

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

t.test('secrets are not shown, wherever they come from', async (t) => {
  const passwords = [
    'hunter2',
    'hun/ter2',
    '/hunter2',
    'hun?ter2',
    'hun#ter2',
    'hun@ter2',
    'hunter2%zz',
    '%ffhunter2',
  ];
  for (const password of passwords) {
    // A plain password is wrong with that port alone.
    const url = `redis://:${password}@h:${password === 'hunter2' ? 'x' : '6379'}`;
    for (const said of [
      await complaint(['--redis', url]),
      await complaint([], { TENM_REDIS: url }),
      await complaint(['--config', configFile(JSON.stringify({ redis: url }))]),
      await complaint(['--config', configFile(JSON.stringify({ redis: [url] }))]).then(
        (list) => `${list} --redis percent-encode`,
      ),
    ]) {
      t.notMatch(said, /hun|ter2/, said);
      t.match(said, /--redis .*percent-encode/);
    }
    t.notMatch(await complaint([url]), /hun|ter2/);
    t.notMatch(await complaint([`--${url}`, 'x']), /hun|ter2/);
    t.notMatch(await complaint(['--host', url]), /hun|ter2/);
    t.notMatch(await complaint(['--allowed-origins', url]), /hun|ter2/);
    t.notMatch(
      await complaint(['--config', JSON.stringify({ redis: url })]),
      /hun|ter2/,
      'in place of the file',
    );
    t.notMatch(await complaint(['--config', configFile(`{"redis": "${url}" "x": hunter2}`)]), /hun|ter2/);
    t.notMatch(await complaint(['--config', configFile(`{"redis": ${password}}`)]), /hun|ter2/);
  }
  for (const url of ['redis://:hunter2', 'redis://u:hunter2/0', ':hunter2@h', 'http://h?password=hunter2']) {
    t.notMatch(await complaint(['--redis', url]), /hunter2/, url);
  }
  t.notMatch(await complaint(['--admin-token', 'hunter2 ']), /hunter2/);
  t.notMatch(await complaint(['--config', configFile('{"admin-token": ["hunter2"]}')]), /hunter2/);
  const content = '-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----';
  const word = `hunter2${'0123456789abcdef'.repeat(2)}`;
  for (const flag of [
    '--admin-token-file',
    '--jwt-secret-file',
    '--tls-key',
    '--jwt-public-key',
    '--config',
  ]) {
    const others = flag.startsWith('--jwt') ? ['--auth', 'jwt'] : [];
    if (flag === '--tls-key') others.push('--tls-ports', '1', '--tls-cert', word);
    for (const secret of [content, word]) {
      t.notMatch(await complaint([...others, flag, secret]), /hunter2/, `${flag} given what the file holds`);
    }
  }
});

t.test('user and password of Redis come percent-encoded', async (t) => {
  for (const url of [
    'redis://:p%2F%3F%23%40%25@h',
    'rediss://u:p@[::1]:6379/7',
    'redis://h',
    "redis://u:!$&'()*+,;=:x@h",
  ]) {
    t.match(await values(['--redis', url]), { redis: url });
  }
});

t.test('what is unknown is refused by name', async (t) => {
  t.match(await complaint(['--nope', '1']), /unknown flag --nope; see 10m-server --help/);
  t.match(await complaint(['--prots', '1']), /unknown flag --prots; did you mean --ports\?/);
  t.match(
    await complaint(['--allowed-origin=x']),
    /unknown flag --allowed-origin; did you mean --allowed-origins\?/,
  );
  t.match(await complaint(['--redis-url', 'x']), /did you mean --redis\?/);
  t.match(await complaint(['--vresion']), /did you mean --version\?/);
  for (const flag of [
    '-p',
    '--constructor',
    '--__proto__',
    '---x',
    '--ports.x',
    '--no-ports',
    '--toString',
  ]) {
    t.match(await complaint([flag, '1']), `unknown flag ${flag}`);
  }
  t.match(await complaint(['stray']), /"stray"/);
  t.match(await complaint(['--workers']), /--workers has no value; give a whole number from 1 to 1024/);
  t.match(await complaint(['--workers', '--ports', '80']), /--workers has no value/);
  t.match(await complaint(['--config', configFile('{"nope": 1}')]), /an unknown option "nope"$/);
  t.match(await complaint(['--config', configFile('{"prots": 1}')]), /did you mean "ports"\?/);
  t.match(await complaint(['--config', configFile('[]')]), /JSON object/);
  t.match(await complaint(['--config', configFile('{')]), /--config/);
  t.match(
    await complaint(['--config', '/nonexistent.json']),
    /--config "\/nonexistent.json" cannot be read: ENOENT/,
  );
});

t.test('what is given twice is refused, as nobody can tell which was meant', async (t) => {
  t.match(await complaint(['--ports', '80', '--ports', '81']), /--ports is given twice; give it once/);
  t.match(await complaint(['--ports=80', '--workers', '1', '--ports=80']), /--ports is given twice/);
  const twice = configFile('{"ports": 80, "workers": 1,\n "p\\u006frts": 81}');
  t.match(await complaint(['--config', twice]), /--config ".*config.json" names "ports" twice; give it once/);
  t.match(await complaint(['--config', twice, '--config', twice]), /--config is given twice/);
  const quotes = configFile('{"redis-pattern": "\\"ports\\": ports\\":", "ports": 80}');
  t.match(await values(['--config', quotes]), { ports: { first: 80, last: 80 } });
});

t.test('a variable that names no flag is refused with the nearest one', async (t) => {
  t.match(
    await complaint([], { TENM_ALLOWED_ORIGIN: 'https://hunter2' }),
    /^10m-server: TENM_ALLOWED_ORIGIN names no flag; the nearest is TENM_ALLOWED_ORIGINS$/,
  );
  t.match(await complaint([], { TENM_PORT: '80' }), /TENM_PORT names no flag; .* TENM_PORTS/);
  t.match(await complaint([], { TENM_REDIS_URL: 'x' }), /the nearest is TENM_REDIS$/);
  t.match(await complaint([], { TENM_ZZ: 'x' }), /TENM_ZZ names no flag; the nearest is TENM_/);
  t.ok(await values([], { TENM_ALLOWED_ORIGIN: '' }), 'an empty one is unset');
  t.ok(await values([], { TENMX: '1', tenm_x: '1', TENM_SYSCTL_STATE: '/run/x', TENM_CONFIG: '' }));
  const help = await parse(['--help'], { TENM_ZZ: 'x' });
  t.match(help, { exitCode: 0 }, 'help helps anyway');
});

t.test('the links that Kubernetes sets for a Service are named as that', async (t) => {
  const links: Record<string, string> = {
    TENM_ADMIN_PORT: 'tcp://10.96.0.1:9110',
    TENM_PORT: 'tcp://10.96.0.1:10000',
    TENM_SERVICE_HOST: '10.96.0.1',
    TENM_SERVICE_PORT: '10000',
    TENM_SERVICE_PORT_WS: '10000',
    TENM_ADMIN_PORT_9110_TCP: 'tcp://10.96.0.1:9110',
    TENM_ADMIN_PORT_9110_TCP_PROTO: 'tcp',
    TENM_ADMIN_PORT_9110_TCP_PORT: '9110',
    TENM_ADMIN_PORT_9110_TCP_ADDR: '10.96.0.1',
    TENM_DNS_PORT_53_UDP: 'udp://10.96.0.1:53',
  };
  for (const [name, value] of Object.entries(links)) {
    const said = await complaint([], { [name]: value });
    t.match(said, `10m-server: ${name}`);
    t.match(said, /is a service link, which Kubernetes sets .* enableServiceLinks: false/);
  }
});

t.test('tools pass over what is set for another command, and nothing else', async (t) => {
  const shared = { TENM_REDIS: 'redis://h', TENM_PORTS: '80', TENM_PING_INTERVAL: '60', TENM_TOKEN_FILE: '' };
  const config = configFile('{"redis": "redis://h", "ping-interval": 60, "workers": 3}');
  const lines: [Command<never, never>, string[]][] = [
    [loadCommand, ['127.0.0.1', '1']],
    [subscribeCommand, ['ws://h/a']],
    [benchCommand, ['idle']],
    [planCommand, []],
  ] as never;
  for (const [command, argv] of lines) {
    t.match(
      await parseCommandLine(command, argv, { ...shared, TENM_CONFIG: config }),
      { values: {} },
      command.name,
    );
    t.match(await parseCommandLine(command, argv, { TENM_NOBODYS: '1' }), {
      exitCode: 2,
      text: /TENM_NOBODYS names no flag/,
    });
    t.match(await parseCommandLine(command, argv, { TENM_CONFIG: configFile('{"nobodys": 1}') }), {
      exitCode: 2,
    });
    configFile('{"redis": "redis://h", "ping-interval": 60, "workers": 3}');
    t.match(await parseCommandLine(command, [...argv, '--redis', 'redis://h'], {}), { exitCode: 2 });
  }
});

t.test('addresses of one link alone come with their zone', async (t) => {
  for (const flag of ['--host', '--admin-host']) {
    t.match(
      await complaint([flag, 'fe80::1']),
      new RegExp(`${flag} "fe80::1" is not allowed; .* zone, such as fe80::1%eth0`),
    );
  }
  t.match(await values(['--host', 'fe80::1%eth0']), { host: 'fe80::1%eth0' });
  t.match(await values(['--host', 'fe00::1']), { host: 'fe00::1' });
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
    [`--admin-token a --admin-token-file ${folder}/secret`, /both given/],
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
