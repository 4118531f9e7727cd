// All close codes, close reasons and refusals: their numbers, their texts, and whether a client should reconnect.

/** How the server closes a WebSocket (RFC 6455 section 7.4; 4000-4999 are for private use). */
export const closeCodes = {
  stopping: { code: 1001, meaning: 'the server stops', comesBack: true },
  policy: { code: 1008, meaning: 'refused by policy', comesBack: false },
  restarting: { code: 1012, meaning: 'this worker restarts', comesBack: true },
  overLimit: { code: 1013, meaning: 'over a limit, try later; not sent by this version', comesBack: true },
  tooSlow: { code: 4000, meaning: 'too slow a reader: write timeout or backpressure', comesBack: true },
} as const;

/** Why a connection ended: the values of the `reason` label of the closed connections. */
export const closeReasons = {
  client: 'the client sent a close frame',
  lost: 'the connection ended without a close frame',
  protocol: 'the client broke the protocol',
  too_big: 'the client sent a message over 1 KiB',
  flood: 'the client sent frames without a pause',
  too_slow: 'the client left messages unread: write timeout or backpressure',
  pong_timeout: 'the client did not answer a ping',
  expired: 'the token of the client has expired',
  stopping: 'the server stops',
  restarting: 'this worker restarts',
} as const;
export type CloseReason = keyof typeof closeReasons;

/** An HTTP answer that ends a handshake. */
export interface Refusal {
  readonly status: string;
  /** The value of the `reason` label of the refused handshakes. */
  readonly reason: string;
  /** One line for a human reader. */
  readonly body: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

const refusal = (
  status: string,
  reason: string,
  body: string,
  headers: readonly (readonly [string, string])[] = [],
): Refusal => ({ status, reason, body: `${body}\n`, headers });

const comeAgain = [['Retry-After', '1']] as const;

/** The reasons for refusing a handshake (RFC 6455 section 4.2.1 lists its required parts). */
export const refusals = {
  emptyChannel: refusal(
    '400 Bad Request',
    'bad_channel',
    'the channel is empty: connect to ws://HOST:PORT/CHANNEL',
  ),
  longChannel: refusal('400 Bad Request', 'bad_channel', 'the channel is longer than 255 bytes'),
  controlInChannel: refusal('400 Bad Request', 'bad_channel', 'the channel holds a control character'),
  reservedChannel: refusal(
    '400 Bad Request',
    'bad_channel',
    'channels that begin with $, __keyspace@, __keyevent@, __redis__ or __sentinel__: are reserved',
  ),
  badEncoding: refusal('400 Bad Request', 'bad_channel', 'the channel is not percent-encoded UTF-8'),
  badKey: refusal('400 Bad Request', 'bad_handshake', 'Sec-WebSocket-Key must be 16 bytes in base64'),
  badConnection: refusal('400 Bad Request', 'bad_handshake', 'the Connection header must hold "Upgrade"'),
  badVersion: refusal('426 Upgrade Required', 'bad_handshake', 'Sec-WebSocket-Version must be 13', [
    ['Upgrade', 'websocket'],
    ['Sec-WebSocket-Version', '13'],
  ]),
  repeatedHeader: refusal(
    '400 Bad Request',
    'bad_handshake',
    'Sec-WebSocket-Key, Sec-WebSocket-Version, Authorization and Origin may stand on one line each',
  ),
  headerTooLarge: refusal(
    '431 Request Header Fields Too Large',
    'header_too_large',
    'the request line and the headers are more than this server takes (--max-header)',
  ),
  notWebSocket: refusal(
    '426 Upgrade Required',
    'not_websocket',
    'this is a WebSocket endpoint: connect with ws://',
    [['Upgrade', 'websocket']],
  ),
  badMethod: refusal(
    '405 Method Not Allowed',
    'bad_method',
    'only GET with Upgrade: websocket is served here',
    [['Allow', 'GET']],
  ),
  untrustedProxy: refusal(
    '400 Bad Request',
    'proxy',
    'PROXY headers are taken from the addresses in --trust-proxy alone',
  ),
  foreignOrigin: refusal('403 Forbidden', 'origin', 'web pages of this origin may not connect'),
  noToken: refusal(
    '401 Unauthorized',
    'token',
    'bring a token: ?token=, Authorization: Bearer, or the subprotocols 10m.v1, token.TOKEN',
    [['WWW-Authenticate', 'Bearer']],
  ),
  badToken: refusal('401 Unauthorized', 'token', 'the token is not valid here, or not yet', [
    ['WWW-Authenticate', 'Bearer error="invalid_token"'],
  ]),
  expiredToken: refusal('401 Unauthorized', 'token', 'the token has expired', [
    ['WWW-Authenticate', 'Bearer error="invalid_token"'],
  ]),
  channelNotGranted: refusal('403 Forbidden', 'channel', 'the token does not name this channel'),
  unknownAddress: refusal('400 Bad Request', 'address', 'the address of this connection is not known'),
  tooManyOfAddress: refusal(
    '429 Too Many Requests',
    'address',
    'too many connections from this address',
    comeAgain,
  ),
  tooManyHandshakes: refusal(
    '503 Service Unavailable',
    'rate',
    'too many handshakes at the moment',
    comeAgain,
  ),
  verifierBusy: refusal(
    '503 Service Unavailable',
    'busy',
    'too many tokens to check at the moment',
    comeAgain,
  ),
} as const;

/** Why a socket ended without an answer before it had sent a complete request: further values of the `reason` label. */
export const cutReasons = {
  handshake_timeout: 'the handshake was not finished in time',
  proxy_unreadable: 'a load balancer in --trust-proxy sent no PROXY header that can be read',
} as const;
export type CutReason = keyof typeof cutReasons;
