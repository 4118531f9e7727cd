// The URL of Redis: which URLs are allowed, and which parts may be shown.
import { withoutSecret } from '../command/url-secret.js';

/** User and password end at the only `@`. They contain no character that ends the authority (RFC 3986 section 3.2.1). */
const FORM = /^rediss?:\/\/(?:[^/?#@]*@)?[^@]*$/i;

/** Whether a text is `redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]`, or the same with `rediss:`. */
export function isRedisUrl(raw: string): boolean {
  const url = URL.canParse(raw) ? new URL(raw) : undefined;
  if (url === undefined || !FORM.test(raw)) return false;
  if (!isPercentEncoded(url.username) || !isPercentEncoded(url.password)) return false;
  return url.hostname !== '' && /^(\/\d{0,5})?$/.test(url.pathname);
}

/**
 * Returns the URL, valid or not, as it may be shown. Without an `@`, an invalid port is hidden too: it may be the password of
 * a URL without a host.
 */
export function redisUrlWithoutSecret(raw: string): string {
  if (!raw.includes('//')) return raw.includes('@') ? '***' : raw;
  if (raw.includes('@')) return withoutSecret(raw);
  return withoutSecret(raw).replace(/(\/\/(?:\[[^\]]*\]|[^/?#:[\]])*:)(?!\d{0,5}(?:[/?#,]|$)).*$/s, '$1***');
}

function isPercentEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    // A `%` is not followed by two hexadecimal digits, or the bytes are not UTF-8.
    return false;
  }
}
