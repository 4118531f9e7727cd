import { join } from 'node:path';
import t from 'tap';
import { loadCommand, subscribeCommand } from '../../client/options.js';
import { parseCommandLine } from '../../server/command/command-line.js';

const load = (line: string) => parseCommandLine(loadCommand, line.split(' '), {});
const subscribe = (line: string) => parseCommandLine(subscribeCommand, line.split(' '), {});

t.test('the defaults', async (t) => {
  const commandLine = await load('10.0.0.5 1000000');
  t.match('values' in commandLine && commandLine.values, {
    host: '10.0.0.5',
    connections: 1_000_000,
    port: 10_000,
    connectionsPerPort: 50_000,
    channel: 'c{n}',
    idleTimeout: 330,
    reconnect: false,
    print: false,
    json: false,
  });
  t.match('values' in commandLine && [commandLine.values.rate, commandLine.values.duration], [
    undefined,
    undefined,
  ]);
});

t.test('what is wrong is one line that names it', async (t) => {
  const cases: [line: string, complaint: RegExp][] = [
    ['127.0.0.1', /<connections> is missing/],
    ['127.0.0.1 0', /<connections> "0"/],
    ['127.0.0.1 many', /<connections> "many"/],
    ['ws://127.0.0.1/ 1', /<host> "ws:\/\/127.0.0.1\/"/],
    ['127.0.0.1 1 2', /unexpected argument "2"/],
    ['127.0.0.1 1 --port 0', /--port "0"/],
    ['127.0.0.1 1 --rate 0', /--rate "0"/],
    ['127.0.0.1 1 --duration=-1', /--duration "-1"/],
    ['127.0.0.1 1 --idle-timeout x', /--idle-timeout "x"/],
    ['127.0.0.1 1 --channel=', /--channel ""/],
    ['127.0.0.1 1 --nope', /nope/],
    ['127.0.0.1 1000 --port 65535 --connections-per-port 1', /--port 65535 leaves no room/],
  ];
  for (const [line, complaint] of cases) {
    const commandLine = await load(line);
    t.match(commandLine, { exitCode: 2, text: complaint }, line);
    t.notMatch('text' in commandLine && commandLine.text, '\n');
  }
});

t.test('hosts', async (t) => {
  for (const host of ['localhost', '::1', 'push-1.example.com', 'a_b']) {
    t.match(await load(`${host} 1`), { values: { host } });
  }
});

t.test('URLs', async (t) => {
  t.match(await subscribe('ws://h:1/a ws://[::1]:2/b%20c?token=x wss://h/a'), {
    values: { url: 'ws://h:1/a\nws://[::1]:2/b%20c?token=x\nwss://h/a' },
  });
  for (const url of ['', 'h:1/a', 'http://h/a', 'ws://', 'ws://u:p@h/a', 'ws://h/a#b', 'ws://h/a nonsense']) {
    t.match(await subscribe(url), { exitCode: 2, text: /<url>/ }, url);
  }
});

t.test('files that cannot be used', async (t) => {
  const folder = t.testdir({
    empty: '',
    text: 'no certificate\n',
    broken: '-----BEGIN CERTIFICATE-----\nbm8=\n-----END CERTIFICATE-----\n',
    key: '-----BEGIN PRIVATE KEY-----\nbm8=\n-----END PRIVATE KEY-----\n',
    blank: ' \n\n',
    lines: 'one\ntwo\n',
    header: 'one\r\nX-Other: two',
    folder: {},
  });
  const cases = [
    ...['missing', 'folder', 'empty', 'text', 'broken', 'key'].map((name) => ['--tls-ca', name, 'PEM file']),
    ...['missing', 'folder', 'empty', 'blank', 'lines', 'header'].map((name) => [
      '--token-file',
      name,
      'one token',
    ]),
  ] as [flag: string, name: string, allowed: string][];
  for (const [flag, name, allowed] of cases) {
    const path = join(folder, name);
    for (const commandLine of [
      await load(`127.0.0.1 1 --tls ${flag} ${path}`),
      await subscribe(`wss://h/a ${flag} ${path}`),
    ]) {
      const text = 'text' in commandLine ? commandLine.text : '';
      t.match(commandLine, { exitCode: 2 }, `${flag} ${name}`);
      t.ok(text.includes(`${flag} ${JSON.stringify(path)} is not allowed; give the path of`), text);
      t.match(text, allowed);
      t.notMatch(text, '\n');
    }
  }
});

t.test('a token in place of its file is not shown', async (t) => {
  const commandLine = await load('127.0.0.1 1 --token-file eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ4In0.c2ln');
  t.match(commandLine, { exitCode: 2, text: '--token-file "***" is not allowed' });
});

t.test('a token file is read once, and trimmed', async (t) => {
  const folder = t.testdir({ token: '\n  aGVhZA.Ym9keQ.c2ln\n' });
  const path = join(folder, 'token');
  t.match(await load(`127.0.0.1 1 --token-file ${path}`), { values: { tokenFile: 'aGVhZA.Ym9keQ.c2ln' } });
});
