// The tables of the client's options: the only place that knows a flag's name, default, range, unit and meaning.
import type { Command } from '../server/command/command.js';
import { isCompleteAddress } from '../server/command/ip-address.js';
import { decimal, integer, type OptionValues, text, toggle } from '../server/command/option.js';
import { usableCores } from '../server/host/host.js';
import { certificatesFile, tokenFile } from './given-file.js';
import { lastPort } from './load/load-plan.js';

const isHost = (raw: string): boolean =>
  isCompleteAddress(raw) || (raw.length <= 253 && /^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_.])?$/i.test(raw));

const isChannel = (raw: string): boolean => /^[^\u0000-\u001f\u007f]+$/.test(raw) && raw.isWellFormed();

const isWebSocketUrl = (raw: string): boolean => {
  const url = URL.canParse(raw) ? new URL(raw) : undefined;
  if (url === undefined || !['ws:', 'wss:'].includes(url.protocol)) return false;
  return url.hostname !== '' && url.username === '' && url.hash === '';
};

const idleTimeout = decimal({
  help: 'a connection without any frame (message or ping) for this long counts as dead; 0 means never',
  min: 0,
  max: 86_400,
  unit: 'seconds',
  default: 330,
});

/** The values are what the files hold. */
const givenFiles = {
  tlsCa: certificatesFile({
    help: 'certificates to trust over TLS, and no others',
    defaultText: "Node's own roots",
  }),
  tokenFile: tokenFile({
    help: 'a token (JWT), sent in each handshake as Authorization: Bearer TOKEN; read once at the start',
    defaultText: 'none',
  }),
};

export const loadOptions = {
  port: integer({ help: 'first port of the server', min: 1, max: 65_535, default: 10_000 }),
  connectionsPerPort: integer({
    help: 'connections to one port before the next port is used',
    min: 1,
    max: 100_000_000,
    default: 50_000,
  }),
  rate: decimal({
    help: 'new connections a second, all processes together',
    min: 0.01,
    max: 1_000_000,
    unit: 'connections/s',
    defaultText: 'as fast as accepted',
  }),
  workers: integer({
    help: 'processes; more are used where the limit on open files asks for it, and without --rate no more than these connect at one time',
    min: 1,
    max: 1024,
    default: usableCores(),
    defaultText: 'number of cores',
  }),
  channel: text({
    help: "channel of each connection; {n} is the connection's number, from 0",
    allowed: 'a channel name without control characters, such as c{n} or news',
    accepts: isChannel,
    default: 'c{n}',
  }),
  tls: toggle({ help: 'connect over TLS; a certificate that cannot be verified is a failed connection' }),
  ...givenFiles,
  idleTimeout,
  duration: decimal({
    help: 'stop and print the summary after this long',
    min: 0.1,
    max: 2_000_000,
    unit: 'seconds',
    defaultText: 'until Ctrl-C',
  }),
  reconnect: toggle({
    help: "reconnect when a connection ends: after the server's retry=MIN-MAX or Retry-After, else by backoff with full jitter",
  }),
  print: toggle({
    help: 'print each message as: received message URL TEXT; up to 100 connections this is the default',
  }),
  json: toggle({ help: 'print the summary as one line of JSON, the last on standard output' }),
};

const loadPositionals = {
  host: text({
    help: 'host name or IP address of the server',
    allowed:
      'a host name or an IP address, such as 127.0.0.1, a link-local one with its zone, as fe80::1%eth0',
    accepts: isHost,
  }),
  connections: integer({ help: 'how many connections to make', min: 1, max: 100_000_000 }),
};

/** The load generator's checked options. Times are in seconds, as in the table. */
export type LoadOptions = OptionValues<typeof loadOptions> & OptionValues<typeof loadPositionals>;

export const loadCommand: Command<typeof loadOptions, typeof loadPositionals> = {
  name: '10m-client',
  summary:
    'Makes many WebSocket connections, holds them, counts what arrives. Ctrl-C stops and prints the summary; a second ' +
    'one stops at once. Exit 0 if every connection was made and none was lost, else 1; 2 for a wrong flag. On a target in 127.0.0.0/8 ' +
    'with over 20,000 connections to a port, the source addresses 127.0.0.1, 127.0.0.2, … are used in turn.',
  positionals: loadPositionals,
  options: loadOptions,
  sharesSettings: true,
  examples: [
    ['10m-client 127.0.0.1 10', '10 connections, on channels c0 to c9, messages printed'],
    ['10m-client 10.0.0.5 1000000 --rate 5000', 'a million, 5,000 a second, 50,000 to a port'],
    ['10m-client 10.0.0.5 5000 --duration 60 --json', 'for scripts: a minute, then the summary as JSON'],
    [
      '10m-client push.example.com 100 --tls --token-file jwt.txt',
      'over TLS, with a token in each handshake',
    ],
  ],
  commands: [['subscribe <url…>', 'print the messages of a channel as they arrive']],
  check(options) {
    if (options.tlsCa !== undefined && !options.tls) return '--tls-ca is for TLS; give --tls with it';
    const last = lastPort(options.port, options.connections, options.connectionsPerPort);
    if (last <= 65_535) return undefined;
    return `--port ${options.port} leaves no room: ${options.connections} connections at --connections-per-port ${options.connectionsPerPort} end at port ${last}; give a lower port or more connections per port`;
  },
};

export const subscribeOptions = { ...givenFiles, idleTimeout };

const subscribePositionals = {
  url: text({
    help: 'where to subscribe: ws://HOST:PORT/CHANNEL, or wss:// for TLS',
    allowed: 'URLs without user and password, such as ws://127.0.0.1:10000/news, or wss:// for TLS',
    accepts: (raw) => raw.split('\n').every(isWebSocketUrl),
  }),
};

/** The checked options of `subscribe`; several URLs are joined by a line feed. */
export type SubscribeOptions = OptionValues<typeof subscribeOptions> &
  OptionValues<typeof subscribePositionals>;

export const subscribeCommand: Command<typeof subscribeOptions, typeof subscribePositionals> = {
  name: '10m-client subscribe',
  summary:
    'Prints each message of a channel on standard output as it arrives, one a line, with the URL before it where there are ' +
    'several; reconnects when the connection ends. A terminal gets control characters as \\x1b, a file or a pipe gets the bytes ' +
    'as they are. Ctrl-C exits 0; exit 1 where the server refuses, 2 for a wrong URL.',
  positionals: subscribePositionals,
  repeatLast: true,
  options: subscribeOptions,
  sharesSettings: true,
  examples: [
    ['10m-client subscribe ws://127.0.0.1:10000/news', 'the messages of the channel news'],
    ['10m-client subscribe ws://127.0.0.1:10000/a ws://127.0.0.1:10000/b', 'two channels'],
    ['10m-client subscribe wss://push.example.com/news --token-file jwt.txt', 'over TLS, with a token'],
  ],
  check(options) {
    if (options.tlsCa === undefined || /^wss:/im.test(options.url)) return undefined;
    return '--tls-ca is for TLS; give a wss:// URL with it';
  },
};
