// Which names may be channels: 1 to 255 bytes of UTF-8 without control characters, except reserved names.
import { type Refusal, refusals } from './codes.js';

/** The longest channel name, in bytes of UTF-8. */
export const MAX_CHANNEL_BYTES = 255;

/** The first character of the names that the server reserves for itself. */
export const RESERVED_PREFIX = '$';

/** The prefix of the channels for the servers' own messages. Every server on the same Redis gets them; no client does. */
export const OWN_PREFIX = `${RESERVED_PREFIX}10m/`;

/**
 * The prefixes that a channel must not have. Besides the server's own, these are channels on which Redis and Sentinel
 * publish the names of other applications' keys, and the addresses of machines.
 */
export const RESERVED_PREFIXES = [
  RESERVED_PREFIX,
  '__keyspace@',
  '__keyevent@',
  '__redis__',
  '__sentinel__:',
] as const;

const LONGEST_PREFIX_BYTES = Math.max(...RESERVED_PREFIXES.map(({ length }) => length));
const FIRST_BYTES = new Set(RESERVED_PREFIXES.map((prefix) => prefix.charCodeAt(0)));

/** Whether a name in bytes is reserved. For most names, the first byte is enough to decide. */
export const isReserved = (channel: Buffer): boolean =>
  FIRST_BYTES.has(channel[0]!) && hasReservedPrefix(channel.toString('latin1', 0, LONGEST_PREFIX_BYTES));

/** Whether a reserved name (see {@link isReserved}) belongs to the servers' own messages. */
export const isOwn = (channel: Buffer): boolean =>
  channel.toString('latin1', 0, OWN_PREFIX.length) === OWN_PREFIX;

const hasReservedPrefix = (channel: string): boolean =>
  RESERVED_PREFIXES.some((prefix) => channel.startsWith(prefix));

/**
 * Returns the channel that a URL's path names: the percent-decoded path (RFC 3986 section 2.1) without its first slash.
 *
 * @param path the path as it was sent, without the query
 */
export function channelOfPath(path: string): string | Refusal {
  const encoded = path.slice(1);
  // U+FFFD in the raw path stands for bytes that are not UTF-8. A client that means U+FFFD sends %EF%BF%BD.
  if (encoded.includes('\ufffd')) return refusals.badEncoding;
  if (!encoded.includes('%')) return checkChannel(encoded);
  try {
    return checkChannel(decodeURIComponent(encoded));
  } catch {
    return refusals.badEncoding;
  }
}

/** Returns the channel if it is allowed, else the refusal. */
export function checkChannel(channel: string): string | Refusal {
  if (channel === '') return refusals.emptyChannel;
  // A UTF-16 unit takes at most 3 bytes of UTF-8, so the bytes of a short name need not be counted.
  if (channel.length > MAX_CHANNEL_BYTES / 3 && Buffer.byteLength(channel) > MAX_CHANNEL_BYTES) {
    return refusals.longChannel;
  }
  if (/\p{Cc}/u.test(channel)) return refusals.controlInChannel;
  if (hasReservedPrefix(channel)) return refusals.reservedChannel;
  if (!channel.isWellFormed()) return refusals.badEncoding;
  return channel;
}
