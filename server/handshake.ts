// From an HTTP request to the channel that it asks for, or to the refusal that it gets.
import type { HttpRequest } from 'uWebSockets.js';
import { channelOfPath } from './channel.js';
import { type Refusal, refusals } from './codes.js';

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

const isWebSocket = (upgrade: string): boolean => upgrade === 'websocket' || hasToken(upgrade, 'websocket');

const hasUpgrade = (connection: string): boolean =>
  connection === 'Upgrade' || hasToken(connection, 'upgrade');

/** Whether a comma-separated header names a token, in any case (RFC 9110 section 5.6.1). */
function hasToken(header: string, token: string): boolean {
  return header
    .toLowerCase()
    .split(',')
    .some((item) => item.trim() === token);
}
