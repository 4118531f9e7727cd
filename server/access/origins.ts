// Decides which web pages may connect: compares the Origin header of a handshake with a list.

/** The scheme, the host (with `*.` before it or not), and the port of an origin pattern. */
const PATTERN =
  /^(?:([a-z][a-z\d+.-]*):\/\/)?(\*\.)?([a-z\d_-]+(?:\.[a-z\d_-]+)*|\[[\da-f:.]+\])(?::(\d{1,5}))?$/;

/** Origins without a host: browsers send them for pages without a host, and so do the web views of some apps. */
const HOSTLESS = ['null', 'file://'];

/** The schemes of WebSocket itself, which no page has. */
const NEVER = ['ws', 'wss'];

const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };

interface Pattern {
  /** `undefined` means any scheme. */
  readonly scheme: string | undefined;
  readonly isSuffix: boolean;
  readonly host: string;
  /** `undefined` means the scheme's default port. */
  readonly port: string | undefined;
}

/**
 * Whether this is `https://example.com`, `example.com`, `*.example.com`, `capacitor://localhost`, each with or without a
 * port; or `null` or `file://`.
 */
export const isOriginPattern = (raw: string): boolean => {
  const [matched, scheme = '', , , port = '1'] = PATTERN.exec(raw.toLowerCase()) ?? [];
  if (HOSTLESS.includes(raw)) return true;
  return matched !== undefined && !NEVER.includes(scheme) && Number(port) >= 1 && Number(port) <= 65_535;
};

/** The origins that may connect. */
export class Origins {
  readonly #hostless: readonly string[];
  readonly #patterns: readonly Pattern[];

  /** @param patterns only patterns that {@link isOriginPattern} accepts */
  constructor(patterns: readonly string[]) {
    this.#hostless = patterns.filter((pattern) => HOSTLESS.includes(pattern));
    this.#patterns = patterns.filter((pattern) => !HOSTLESS.includes(pattern)).map(parsePattern);
  }

  /**
   * Whether a handshake with this Origin header may continue.
   *
   * @param origin as the browser serialized it (RFC 6454 section 6.2); empty if the header is missing: then the client is
   *   not a browser, and could send any value
   */
  allows(origin: string): boolean {
    if (origin === '' || this.#hostless.includes(origin)) return true;
    // Otherwise URL would keep the case of the host if it does not know the scheme.
    const lower = origin.toLowerCase();
    const url = URL.canParse(lower) ? new URL(lower) : undefined;
    if (url === undefined || url.host === '') return false;
    return this.#patterns.some((pattern) => matches(pattern, url));
  }
}

function parsePattern(raw: string): Pattern {
  const [, scheme, wildcard, host, port] = PATTERN.exec(raw.toLowerCase())!;
  return {
    scheme,
    isSuffix: wildcard !== undefined,
    host: host!,
    port: port === undefined ? undefined : String(Number(port)),
  };
}

function matches({ scheme, isSuffix, host, port }: Pattern, url: URL): boolean {
  if (scheme !== undefined && url.protocol !== `${scheme}:`) return false;
  // URL leaves out the scheme's default port.
  const isPort = port === undefined ? url.port === '' : (url.port || DEFAULT_PORTS[url.protocol]) === port;
  if (!isPort) return false;
  return isSuffix ? url.hostname.endsWith(`.${host}`) : url.hostname === host;
}
