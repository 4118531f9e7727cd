// Who may use the admin listener: whoever has the token, and no web page that merely runs in an operator's browser.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/** Why a request goes no further. */
export interface Denial {
  readonly status: 401 | 403;
  readonly error: string;
}

/** What a route asks of a request. */
export interface Protection {
  /** It changes something, or is for operators alone. */
  readonly needsToken: boolean;
  /** Machines ask for it under any name of this host, and nobody can learn or change anything by it. */
  readonly isOpen: boolean;
}

/** Checks requests before they are handled. */
export class AdminGuard {
  /** Tokens are compared by their digests, in a time that does not depend on how much of them is right. */
  readonly #tokenDigest: Buffer | undefined;

  constructor(token: string | undefined) {
    this.#tokenDigest = token === undefined ? undefined : sha256(token);
  }

  /** Why a request may not go on; `undefined` when it may. */
  check(request: IncomingMessage, { needsToken, isOpen }: Protection): Denial | undefined {
    if (isOpen) return undefined;
    if (isForeign(request)) {
      return { status: 403, error: 'web pages of other origins may not use this listener' };
    }
    // With a token a rebound page cannot do anything: it does not have it.
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

/** Whether a web page of another origin sends this (RFC 6454 section 7). */
function isForeign({ headers: { origin, host = '' } }: IncomingMessage): boolean {
  if (origin === undefined) return false;
  const scheme = /^https?:\/\//i.exec(origin)?.[0];
  if (scheme === undefined || !/^[^/?#@\\]+$/.test(host)) return true;
  // As a URL of one scheme, both leave out its own port, and are written alike.
  return !URL.canParse(origin) || hostOf(origin) !== hostOf(scheme + host);
}

const hostOf = (url: string): string | undefined => (URL.canParse(url) ? new URL(url).host : undefined);

/**
 * Whether the request may come from a page whose own name was made to lead here (DNS rebinding): that name is in Host,
 * and has a dot in it. Names without one, such as localhost or a container's, are not for sale.
 */
function isRebound({ headers: { host = '' } }: IncomingMessage): boolean {
  const name = host.replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1');
  return name.includes('.') && isIP(name) === 0;
}

const sha256 = (secret: string): Buffer => createHash('sha256').update(secret).digest();
