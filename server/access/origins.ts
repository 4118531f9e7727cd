// Which web pages may connect: the Origin header of a handshake against a list.

/** Scheme, host or `*.` and a host, and port of an origin pattern. */
const PATTERN = /^(?:(https?):\/\/)?(\*\.)?([a-z\d-]+(?:\.[a-z\d-]+)*|\[[\da-f:.]+\])(?::(\d{1,5}))?$/;

interface Pattern {
  /** Without one, any scheme. */
  readonly scheme: string | undefined;
  readonly isSuffix: boolean;
  readonly host: string;
  /** Empty for the scheme's own port, as in an origin. */
  readonly port: string;
}

/** Whether this is `https://example.com`, `example.com`, `*.example.com`, with or without a port. */
export const isOriginPattern = (raw: string): boolean => PATTERN.test(raw.toLowerCase());

/** Origins that may connect. */
export class Origins {
  readonly #patterns: readonly Pattern[];

  /** @param patterns that {@link isOriginPattern} accepts */
  constructor(patterns: readonly string[]) {
    this.#patterns = patterns.map(parsePattern);
  }

  /**
   * Whether a handshake with this Origin header may go on.
   *
   * @param origin as the browser serialized it (RFC 6454 section 6.2); empty when the header is missing: then no browser
   *   sent it, and whoever is no browser could say anything
   */
  allows(origin: string): boolean {
    if (origin === '') return true;
    const url = URL.canParse(origin) ? new URL(origin) : undefined;
    if (url === undefined || url.host === '') return false;
    return this.#patterns.some((pattern) => matches(pattern, url));
  }
}

function parsePattern(raw: string): Pattern {
  const [, scheme, wildcard, host, port = ''] = PATTERN.exec(raw.toLowerCase())!;
  const isUsual = (scheme === 'https' && port === '443') || (scheme === 'http' && port === '80');
  return { scheme, isSuffix: wildcard !== undefined, host: host!, port: isUsual ? '' : port };
}

function matches({ scheme, isSuffix, host, port }: Pattern, url: URL): boolean {
  if (scheme !== undefined && url.protocol !== `${scheme}:`) return false;
  if (url.port !== port) return false;
  return isSuffix ? url.hostname.endsWith(`.${host}`) : url.hostname === host;
}
