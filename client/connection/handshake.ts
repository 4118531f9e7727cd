// The opening handshake of RFC 6455 section 4, as text: the request, and what is wrong with the answer.
import { createHash } from 'node:crypto';
import { terminalLine } from '../terminal-text.js';
import { retryAfterMs } from './retry-after.js';

/** A `Sec-WebSocket-Key` and the `Sec-WebSocket-Accept` that answers it. */
export interface HandshakeKey {
  readonly key: string;
  readonly accept: string;
}

/**
 * The sample key of RFC 6455 section 1.3. The load generator sends it on every connection: this saves one hash for each,
 * and the C server that the benchmarks compare with accepts no other key.
 */
export const SAMPLE_KEY: HandshakeKey = {
  key: 'dGhlIHNhbXBsZSBub25jZQ==',
  accept: 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
};

/** @param nonce 16 bytes, random for every connection (RFC 6455 section 4.1) */
export function handshakeKey(nonce: Buffer): HandshakeKey {
  const key = nonce.toString('base64');
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  return { key, accept };
}

/** The most that a server may answer with; one that sends more is cut off. */
export const MAX_HANDSHAKE_BYTES = 16_384;

/** Statuses below 500 that say "not now": RFC 9110 section 15.5.9, RFC 8470 section 5.2, RFC 6585 section 4. */
const PASSING_STATUSES: ReadonlySet<number> = new Set([408, 425, 429]);

/** Why an answer does not complete the handshake. */
export class HandshakeError extends Error {
  /** Set where the server answered in HTTP with another status than 101. */
  readonly status: number | undefined;
  /** What the server asks for with `Retry-After`; it may be Infinity. */
  readonly retryAfterMs: number | undefined;

  constructor(
    message: string,
    { status, retryAfterMs }: { status?: number; retryAfterMs?: number | undefined } = {},
  ) {
    super(message);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }

  /** True where another attempt may succeed: the server is busy or broken, and does not refuse this client. */
  get isPassing(): boolean {
    return this.status !== undefined && (this.status >= 500 || PASSING_STATUSES.has(this.status));
  }
}

/** The connection ended before the answer did, as when a server or a balancer stops: another attempt may succeed. */
export class HandshakeCutError extends HandshakeError {
  constructor() {
    super('the connection was closed before the handshake was answered');
  }

  override get isPassing(): boolean {
    return true;
  }
}

/**
 * @param host the `Host` header: name or address, with the port
 * @param path the channel as a percent-encoded path with its first slash
 * @param token what `Authorization: Bearer` says, where it is sent (RFC 6750 section 2.1)
 */
export const handshakeRequest = (host: string, path: string, key: string, token?: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
  `Sec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n` +
  `${token === undefined ? '' : `Authorization: Bearer ${token}\r\n`}\r\n`;

/**
 * Checks the server's answer as RFC 6455 section 4.1 asks.
 *
 * @param answer all that has arrived so far
 * @param isWhole true when nothing more can arrive
 * @param nowMs ms since 1970
 * @returns how many bytes the answer takes, what follows being frames; undefined while some of it is missing
 * @throws {HandshakeError} its message is one line, without control characters
 */
export function readHandshake(
  answer: Buffer,
  accept: string,
  isWhole: boolean,
  nowMs = Date.now(),
): number | undefined {
  const end = answer.indexOf('\r\n\r\n');
  const head = answer.toString('latin1', 0, end === -1 ? answer.length : end);
  if (!'HTTP/1.1 '.startsWith(head.slice(0, 9))) throw new HandshakeError('the answer is not HTTP/1.1');
  if (end === -1) {
    if (answer.length > MAX_HANDSHAKE_BYTES) {
      throw new HandshakeError(`the answer is longer than ${MAX_HANDSHAKE_BYTES} bytes`);
    }
    if (isWhole) throw new HandshakeCutError();
    return undefined;
  }
  const [statusLine = '', ...lines] = head.split('\r\n');
  const status = /^HTTP\/1\.1 (\d{3})(?: |$)/.exec(statusLine)?.[1];
  if (status === undefined) throw new HandshakeError('the answer has no HTTP status');
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon < 1) continue;
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    // Several lines of one name are one list (RFC 9110 section 5.3).
    headers.set(name, headers.has(name) ? `${headers.get(name)}, ${value}` : value);
  }
  if (status !== '101') {
    const bodyBytes = Math.min(Number(headers.get('content-length') ?? 0) || 0, MAX_HANDSHAKE_BYTES);
    if (answer.length < end + 4 + bodyBytes && !isWhole) return undefined;
    const [body = ''] = answer.toString('utf8', end + 4, end + 4 + MAX_HANDSHAKE_BYTES).split(/\r?\n/);
    // In chunks (RFC 9112 section 7.1), the first line is no text.
    const reason = (headers.has('transfer-encoding') ? '' : oneLine(body)) || oneLine(statusLine.slice(13));
    throw new HandshakeError(`HTTP ${status} ${reason}`.trim(), {
      status: Number(status),
      retryAfterMs: retryAfterMs(headers.get('retry-after'), headers.get('date'), nowMs),
    });
  }
  if (headers.get('upgrade')?.toLowerCase() !== 'websocket') {
    throw new HandshakeError('the answer lacks "Upgrade: websocket"');
  }
  if (!/(^|,)\s*upgrade\s*(,|$)/i.test(headers.get('connection') ?? '')) {
    throw new HandshakeError('the answer lacks "Connection: Upgrade"');
  }
  if (headers.get('sec-websocket-accept') !== accept) {
    throw new HandshakeError('wrong Sec-WebSocket-Accept');
  }
  if (headers.has('sec-websocket-extensions') || headers.has('sec-websocket-protocol')) {
    throw new HandshakeError('the answer chooses an extension or a subprotocol that was not offered');
  }
  return end + 4;
}

const oneLine = (text: string): string => terminalLine(text.trim()).slice(0, 200);
