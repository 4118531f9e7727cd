// The table of the server's options. Only this table knows a flag's name, default, range, unit and meaning.
import { isCompleteAddress } from '../command/ip-address.js';
import { choice, decimal, integer, type OptionValues, portRange, text } from '../command/option.js';
import { usableCores } from '../host/host.js';
import { isToken } from './admin-token.js';
import { isRedisUrl, redisUrlWithoutSecret } from './redis-url.js';
import { securityOptions } from './security-options.js';

const isHost = (raw: string): boolean => isCompleteAddress(raw) || raw === 'localhost';

const hostAllowed =
  'an IPv4 or IPv6 address of this machine, a link-local one with its zone, such as fe80::1%eth0';

export const serverOptions = {
  host: text({
    help: 'address to listen on; :: is dual stack',
    allowed: hostAllowed,
    accepts: isHost,
    default: '0.0.0.0',
  }),
  ports: portRange({
    help: 'one port or an inclusive range; every worker listens on every port of it; none with --tls-ports',
    default: '10000-11000',
  }),
  workers: integer({
    help: 'worker processes; a CPU quota counts as so many cores, rounded up',
    min: 1,
    max: 1024,
    default: usableCores(),
    defaultText: 'number of cores',
  }),
  redis: text({
    help: 'redis:// or rediss:// URL of the broker; user and password in it',
    allowed:
      'a URL such as redis://user:password@127.0.0.1:6379/0, or rediss:// for TLS; percent-encode what is special in user and password: / is %2F, ? is %3F, # is %23, @ is %40, % is %25',
    accepts: isRedisUrl,
    defaultText: 'none: embedded broker',
    redact: redisUrlWithoutSecret,
  }),
  redisPattern: text({
    help: 'the PSUBSCRIBE pattern; the Redis channel name is the channel',
    allowed: 'a Redis glob pattern of 1 to 255 bytes',
    accepts: (raw) => raw !== '' && Buffer.byteLength(raw) <= 255,
    default: '*',
  }),
  pingInterval: decimal({
    help: 'time between pings to one connection; 0 is off',
    min: 0,
    max: 86_400,
    unit: 'seconds',
    default: 300,
  }),
  pingType: choice({
    help: 'message: an empty text message, which browser code can see and which needs no answer; frame: an RFC 6455 ping, and a connection whose pong does not come is closed',
    words: ['message', 'frame'],
    default: 'message',
  }),
  pongTimeout: decimal({
    help: 'how long a pong may take, with --ping-type frame',
    min: 0.1,
    max: 86_400,
    unit: 'seconds',
    default: 30,
  }),
  writeTimeout: decimal({
    help: 'how long a connection may leave written bytes unread before it is closed',
    min: 0.1,
    max: 86_400,
    unit: 'seconds',
    default: 30,
  }),
  maxBackpressure: integer({
    help: 'how much may be queued for one connection that does not read before it is closed as too slow',
    min: 1024,
    max: 1_073_741_824,
    unit: 'bytes',
    default: 1_048_576,
  }),
  maxMessage: integer({
    help: 'largest message; a larger one is refused with 413 on HTTP, dropped and counted from Redis',
    min: 1,
    max: 268_435_456,
    unit: 'bytes',
    default: 1_048_576,
  }),
  maxHeader: integer({
    help: 'largest request line with headers of a handshake, cookies included; a larger one is refused with 431',
    min: 1024,
    max: 131_072,
    unit: 'bytes',
    default: 8192,
  }),
  maxConnections: integer({
    help: 'connections per worker; at the limit it stops accepting and the others take over',
    min: 1,
    max: 10_000_000,
    defaultText: 'from the fd limit',
  }),
  workerTimeout: decimal({
    help: 'a worker that gives no answer for this long is killed and replaced; 0 is never',
    min: 0,
    max: 86_400,
    unit: 'seconds',
    default: 15,
  }),
  adminHost: text({
    help: 'address of the admin listener',
    allowed: hostAllowed,
    accepts: isHost,
    default: '127.0.0.1',
  }),
  adminPort: integer({ help: 'port of the admin listener', min: 1, max: 65_535, default: 9110 }),
  adminToken: text({
    help: 'bearer token for publish and control; needed when the admin host is no loopback address',
    allowed: 'printable ASCII without spaces',
    accepts: isToken,
    defaultText: 'none',
    redact: () => '***',
  }),
  drainRate: integer({
    help: 'connections closed per second on drain and on rolling restart, all workers together',
    min: 1,
    max: 10_000_000,
    unit: 'connections/s',
    default: 5000,
  }),
  ...securityOptions,
  logLevel: choice({
    help: 'least level that is logged to standard error',
    words: ['debug', 'info', 'warn', 'error', 'silent'],
    default: 'info',
  }),
};

/** The server's checked options. Times are in seconds, sizes in bytes, as in the table. */
export type ServerOptions = OptionValues<typeof serverOptions>;
