// The URL of Redis: what is allowed, and what of it may be shown.
import { withoutSecret } from '../command/url-secret.js';

/** User and password end at the only `@`, and nothing of them ends the authority (RFC 3986 section 3.2.1). */
const FORM = /^rediss?:\/\/(?:[^/?#@]*@)?[^@]*$/i;

/** Whether this is `redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]`, or the same with `rediss:`. */
export function isRedisUrl(raw: string): boolean {
  const url = URL.canParse(raw) ? new URL(raw) : undefined;
  if (url === undefined || !FORM.test(raw)) return false;
  if (!isPercentEncoded(url.username) || !isPercentEncoded(url.password)) return false;
  return url.hostname !== '' && /^(\/\d{0,5})?$/.test(url.pathname);
}

/**
 * What may be shown of it, be it valid or not. Without an `@`, what looks like a port and is none may be a password whose
 * host was forgotten.
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
    // A `%` that is followed by no byte in hexadecimal, or bytes that are no UTF-8.
    return false;
  }
}
