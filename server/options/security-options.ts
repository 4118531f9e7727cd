// The options that control who may connect: TLS, addresses and origins, tokens, and limits.
import { isAddressBlock } from '../access/client-address.js';
import { isOriginPattern } from '../access/origins.js';
import { fileContent } from '../command/file-content.js';
import { shownPath } from '../command/named-file.js';
import { choice, decimal, integer, list, portRange, text } from '../command/option.js';
import { adminTokenIn } from './admin-token.js';

/** A line break is a sign that somebody gave the file's content instead of its path. */
const isPath = (raw: string): boolean => raw !== '' && !/[\0\n]/.test(raw);

const file = (help: string, allowed: string) =>
  text({ help, allowed, accepts: isPath, defaultText: 'none', redact: shownPath });

export const securityOptions = {
  tlsPorts: portRange({
    help: 'ports that speak TLS: one, an inclusive range, or none; --ports none leaves these alone',
    default: 'none',
  }),
  tlsCert: file(
    'certificate with its chain, for --tls-ports; read again when it changes',
    'the path of a PEM file',
  ),
  tlsKey: file('private key of --tls-cert', 'the path of a PEM file without a passphrase'),
  auth: choice({
    help: 'none: whoever comes may subscribe; jwt: who brings a token that names the channel',
    words: ['none', 'jwt'],
    default: 'none',
  }),
  jwtSecretFile: file('with --auth jwt: secret of HS256 tokens', 'the path of a file of 32 bytes or more'),
  jwtPublicKey: file(
    'with --auth jwt: public key of RS256, ES256 or EdDSA tokens, or a set of them',
    'the path of a public key in PEM, or of a JWKS file',
  ),
  jwtLeeway: decimal({
    help: 'with --auth jwt: how far the clock that made nbf and exp may differ from this one',
    min: 0,
    max: 3600,
    unit: 'seconds',
    default: 5,
  }),
  allowedOrigins: list({
    help: 'web pages that may connect, by the Origin header; clients that send none are no browsers',
    allowed:
      'origins separated by commas, without a path, such as https://example.com, example.com:8080, *.example.com, capacitor://localhost or null',
    accepts: isOriginPattern,
    defaultText: 'any',
  }),
  maxConnectionsPerIp: integer({
    help: 'connections of one IPv4 address or IPv6 /64, all workers together; more are refused with 429',
    min: 1,
    max: 10_000_000,
    defaultText: 'no limit',
  }),
  maxHandshakesPerSecond: integer({
    help: 'handshakes per second and worker; more are refused with 503 and Retry-After',
    min: 1,
    max: 1_000_000,
    unit: 'handshakes/s',
    defaultText: 'no limit',
  }),
  trustProxy: list({
    help: 'load balancers whose PROXY protocol v2 header tells the address of the client; it is refused from others',
    allowed: 'addresses or blocks separated by commas, such as 10.0.0.0/8 or 2001:db8::/32',
    accepts: isAddressBlock,
    defaultText: 'none',
  }),
  adminTokenFile: fileContent({
    help: 'file that holds the bearer token for publish and control, in place of --admin-token; may be a pipe',
    allowed: 'the path of a file with one line of printable ASCII without spaces',
    defaultText: 'none',
    read: adminTokenIn,
  }),
};
