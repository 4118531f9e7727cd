// Reads the opening handshake from an HTTP request, or finds why it must be refused.
import type { HttpRequest } from 'uWebSockets.js';
import { channelOfPath } from '../channel.js';
import { type Refusal, refusals } from '../codes.js';

/** The part of a request that a handshake is read from. */
export type HandshakeRequest = Pick<
  HttpRequest,
  'forEach' | 'getCaseSensitiveMethod' | 'getQuery' | 'getUrl'
>;

/** The contents of an opening handshake. */
export interface Handshake {
  readonly channel: string;
  /** Sec-WebSocket-Key. */
  readonly key: string;
  /** Sec-WebSocket-Protocol: the names that the client offers, separated by commas; empty for none. */
  readonly offered: string;
  /** Authorization; empty if missing. */
  readonly authorization: string;
  /** Origin; empty if missing. */
  readonly origin: string;
  /** The part of the URL after the question mark. */
  readonly query: string;
}

/** 16 bytes in base64. uWebSockets.js itself checks only the length. */
const KEY = /^[A-Za-z0-9+/]{21}[AQgw]==$/;

/** Bytes of a request besides method, path, query and headers: two spaces, HTTP/1.1, and two line ends. */
const REQUEST_LINE_BYTES = 14;
/** Bytes of a header besides name and value: a colon, a space, and the line end. */
const HEADER_LINE_BYTES = 4;

/** Reads opening handshakes (RFC 6455 section 4.2.1), one at a time. */
export class HandshakeReader {
  readonly #maxHeaderBytes: number;
  #bytes = 0;
  #isRepeated = false;
  #upgrade = '';
  #connection = '';
  #offered = '';
  #version: string | undefined;
  #key: string | undefined;
  #authorization: string | undefined;
  #origin: string | undefined;

  /** @param maxHeaderBytes most bytes of the request line and the headers together */
  constructor(maxHeaderBytes: number) {
    this.#maxHeaderBytes = maxHeaderBytes;
  }

  /** @returns the handshake, or the refusal to answer with */
  read(request: HandshakeRequest): Handshake | Refusal {
    const method = request.getCaseSensitiveMethod();
    const path = request.getUrl();
    // Without a query, uWS returns undefined, despite the type.
    const query = request.getQuery() ?? '';
    const target = query === '' ? path.length : path.length + 1 + query.length;
    this.#bytes = REQUEST_LINE_BYTES + method.length + target;
    this.#isRepeated = false;
    this.#upgrade = this.#connection = this.#offered = '';
    this.#version = this.#key = this.#authorization = this.#origin = undefined;
    request.forEach(this.#readLine);

    if (this.#bytes > this.#maxHeaderBytes) return refusals.headerTooLarge;
    if (method !== 'GET') return refusals.badMethod;
    if (!isWebSocket(this.#upgrade)) return refusals.notWebSocket;
    if (this.#isRepeated) return refusals.repeatedHeader;
    if (!hasUpgrade(this.#connection)) return refusals.badConnection;
    if (this.#version !== '13') return refusals.badVersion;
    const key = this.#key ?? '';
    if (!KEY.test(key)) return refusals.badKey;
    const channel = channelOfPath(path);
    if (typeof channel !== 'string') return channel;
    return {
      channel,
      key,
      offered: this.#offered,
      authorization: this.#authorization ?? '',
      origin: this.#origin ?? '',
      query,
    };
  }

  /** Reads a header line. A list may span several lines (RFC 9110 section 5.3); any other header may appear only once. */
  readonly #readLine = (name: string, value: string): void => {
    this.#bytes += HEADER_LINE_BYTES + name.length + value.length;
    switch (name) {
      case 'upgrade':
        this.#upgrade = joined(this.#upgrade, value);
        break;
      case 'connection':
        this.#connection = joined(this.#connection, value);
        break;
      case 'sec-websocket-protocol':
        this.#offered = joined(this.#offered, value);
        break;
      case 'sec-websocket-version':
        this.#isRepeated ||= this.#version !== undefined;
        this.#version = value;
        break;
      case 'sec-websocket-key':
        this.#isRepeated ||= this.#key !== undefined;
        this.#key = value;
        break;
      case 'authorization':
        this.#isRepeated ||= this.#authorization !== undefined;
        this.#authorization = value;
        break;
      case 'origin':
        this.#isRepeated ||= this.#origin !== undefined;
        this.#origin = value;
        break;
    }
  };
}

/** The subprotocol of this server, for clients that offer one: browsers insist on an answer. */
export const SUBPROTOCOL = '10m.v1';

/** The prefix of a token that is sent as a subprotocol, because browsers can set no other header. */
const TOKEN_PREFIX = 'token.';

/** Returns the answer to Sec-WebSocket-Protocol: {@link SUBPROTOCOL} if it was offered, else an empty string. */
export const subprotocolOf = ({ offered }: Pick<Handshake, 'offered'>): string =>
  offered !== '' && listOf(offered).includes(SUBPROTOCOL) ? SUBPROTOCOL : '';

/**
 * Returns the token of a client: from `Authorization: Bearer TOKEN` (RFC 6750 section 2.1), else from the subprotocol
 * `token.TOKEN` next to {@link SUBPROTOCOL}, else from `?token=TOKEN`. Returns `undefined` if there is none.
 */
export function tokenOf(
  handshake: Pick<Handshake, 'authorization' | 'offered' | 'query'>,
): string | undefined {
  const bearer = /^Bearer +(\S+)$/i.exec(handshake.authorization)?.[1];
  if (bearer !== undefined) return bearer;
  const offered = listOf(handshake.offered);
  const paired = offered.includes(SUBPROTOCOL)
    ? offered.find((name) => name.startsWith(TOKEN_PREFIX))
    : undefined;
  return paired?.slice(TOKEN_PREFIX.length) || new URLSearchParams(handshake.query).get('token') || undefined;
}

const isWebSocket = (upgrade: string): boolean => upgrade === 'websocket' || hasToken(upgrade, 'websocket');

const hasUpgrade = (connection: string): boolean =>
  connection === 'Upgrade' || hasToken(connection, 'upgrade');

/** Whether a comma-separated header contains a token, ignoring case (RFC 9110 section 5.6.1). */
const hasToken = (header: string, token: string): boolean => listOf(header.toLowerCase()).includes(token);

const listOf = (header: string): readonly string[] => header.split(',').map((item) => item.trim());

/** Appends a line to a list. */
const joined = (list: string, line: string): string => (list === '' ? line : `${list},${line}`);
