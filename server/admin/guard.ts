// Decides who may use the admin listener: clients with the token, but not a foreign web page in an operator's browser.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/** Why a request is denied. */
export interface Denial {
  readonly status: 401 | 403;
  readonly error: string;
}

/** What a route requires of a request. */
export interface Protection {
  /** The route changes something, or is only for operators. */
  readonly needsToken: boolean;
  /** Machines may request the route under any name of this host. It reveals no secret, and changes nothing. */
  readonly isOpen: boolean;
}

/** Checks requests before they are handled. */
export class AdminGuard {
  /** Tokens are compared by their digests, in constant time. */
  readonly #tokenDigest: Buffer | undefined;

  constructor(token: string | undefined) {
    this.#tokenDigest = token === undefined ? undefined : sha256(token);
  }

  /** Returns why a request is denied; `undefined` if it is allowed. */
  check(request: IncomingMessage, { needsToken, isOpen }: Protection): Denial | undefined {
    if (isOpen) return undefined;
    if (isForeign(request)) {
      return { status: 403, error: 'web pages of other origins may not use this listener' };
    }
    // If there is a token, a rebound page can do nothing, because it does not have the token.
    if (this.#tokenDigest === undefined && isRebound(request)) {
      return {
        status: 403,
        error: 'ask by an IP address or localhost, or start the server with --admin-token-file',
      };
    }
    if (needsToken && !this.#isAuthorized(request)) {
      return { status: 401, error: 'give the token: Authorization: Bearer TOKEN' };
    }
    return undefined;
  }

  #isAuthorized(request: IncomingMessage): boolean {
    if (this.#tokenDigest === undefined) return true;
    const given = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
    return given !== undefined && timingSafeEqual(sha256(given), this.#tokenDigest);
  }
}

/** Whether a web page of another origin sent the request (RFC 6454 section 7). */
function isForeign({ headers: { origin, host = '' } }: IncomingMessage): boolean {
  if (origin === undefined) return false;
  const scheme = /^https?:\/\//i.exec(origin)?.[0];
  if (scheme === undefined || !/^[^/?#@\\]+$/.test(host)) return true;
  // Parsed as URLs of the same scheme, both leave out the default port, and are normalized.
  return !URL.canParse(origin) || hostOf(origin) !== hostOf(scheme + host);
}

const hostOf = (url: string): string | undefined => (URL.canParse(url) ? new URL(url).host : undefined);

/**
 * Whether the request may come from a page whose own domain was made to resolve to this host (DNS rebinding). Host then
 * holds that domain, which has a dot. Nobody can register a name without a dot, such as localhost or a container's name.
 */
function isRebound({ headers: { host = '' } }: IncomingMessage): boolean {
  const name = host.replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1');
  return name.includes('.') && isIP(name) === 0;
}

const sha256 = (secret: string): Buffer => createHash('sha256').update(secret).digest();
