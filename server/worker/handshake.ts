// From an HTTP request to the channel that it asks for, or to the refusal that it gets.
import type { HttpRequest } from 'uWebSockets.js';
import { channelOfPath } from '../channel.js';
import { type Refusal, refusals } from '../codes.js';

/** The part of a request that a handshake is read from. */
export type HandshakeRequest = Pick<HttpRequest, 'getCaseSensitiveMethod' | 'getHeader' | 'getUrl'>;

/** 16 bytes in base64; uWebSockets.js itself checks the length alone. */
const KEY = /^[A-Za-z0-9+/]{21}[AQgw]==$/;

/**
 * Reads an opening handshake (RFC 6455 section 4.2.1).
 *
 * @returns the channel, or the refusal to answer with
 */
export function readHandshake(request: HandshakeRequest): string | Refusal {
  if (request.getCaseSensitiveMethod() !== 'GET') return refusals.badMethod;
  if (!isWebSocket(request.getHeader('upgrade'))) return refusals.notWebSocket;
  if (!hasUpgrade(request.getHeader('connection'))) return refusals.badConnection;
  if (request.getHeader('sec-websocket-version') !== '13') return refusals.badVersion;
  if (!KEY.test(request.getHeader('sec-websocket-key'))) return refusals.badKey;
  return channelOfPath(request.getUrl());
}

/** The subprotocol that this server speaks, for clients that ask for one: browsers insist on an answer. */
export const SUBPROTOCOL = '10m.v1';

/** Before a token that comes as a subprotocol, since browsers can set no header but this. */
const TOKEN_PREFIX = 'token.';

/** What to answer to Sec-WebSocket-Protocol: {@link SUBPROTOCOL} where it was offered, else nothing. */
export function subprotocolOf(request: Pick<HttpRequest, 'getHeader'>): string {
  const offered = request.getHeader('sec-websocket-protocol');
  return offered !== '' && listOf(offered).includes(SUBPROTOCOL) ? SUBPROTOCOL : '';
}

/**
 * The token that a client brings: `Authorization: Bearer TOKEN` (RFC 6750 section 2.1), else the subprotocol
 * `token.TOKEN` beside {@link SUBPROTOCOL}, else `?token=TOKEN`. `undefined` without one.
 */
export function tokenOf(request: Pick<HttpRequest, 'getHeader' | 'getQuery'>): string | undefined {
  const bearer = /^Bearer +(\S+)$/i.exec(request.getHeader('authorization'))?.[1];
  if (bearer !== undefined) return bearer;
  const offered = listOf(request.getHeader('sec-websocket-protocol'));
  const paired = offered.includes(SUBPROTOCOL)
    ? offered.find((name) => name.startsWith(TOKEN_PREFIX))
    : undefined;
  return paired?.slice(TOKEN_PREFIX.length) || request.getQuery('token') || undefined;
}

const isWebSocket = (upgrade: string): boolean => upgrade === 'websocket' || hasToken(upgrade, 'websocket');

const hasUpgrade = (connection: string): boolean =>
  connection === 'Upgrade' || hasToken(connection, 'upgrade');

/** Whether a comma-separated header names a token, in any case (RFC 9110 section 5.6.1). */
const hasToken = (header: string, token: string): boolean => listOf(header.toLowerCase()).includes(token);

const listOf = (header: string): readonly string[] => header.split(',').map((item) => item.trim());
