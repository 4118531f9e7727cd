// What may be a channel: 1 to 255 bytes of UTF-8 without control characters, not one of the reserved names.
import { type Refusal, refusals } from './codes.js';

/** Longest channel, in bytes of UTF-8. */
export const MAX_CHANNEL_BYTES = 255;

/** First character of the names that the server keeps for its own use. */
export const RESERVED_PREFIX = '$';

/** Begins the names of the servers' own messages: heard by every server on the same Redis, and nobody's message. */
export const OWN_PREFIX = `${RESERVED_PREFIX}10m/`;

/**
 * What a name must not begin with. Redis and Sentinel publish on the others by themselves: the names of other
 * applications' keys, and the addresses of the machines.
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

/** Whether a name is reserved, for names that are still bytes; the first byte clears most of them. */
export const isReserved = (channel: Buffer): boolean =>
  FIRST_BYTES.has(channel[0]!) && hasReservedPrefix(channel.toString('latin1', 0, LONGEST_PREFIX_BYTES));

/** Whether a name that {@link isReserved} belongs to a server of this kind. */
export const isOwn = (channel: Buffer): boolean =>
  channel.toString('latin1', 0, OWN_PREFIX.length) === OWN_PREFIX;

const hasReservedPrefix = (channel: string): boolean =>
  RESERVED_PREFIXES.some((prefix) => channel.startsWith(prefix));

/**
 * The channel that a URL's path asks for: the percent-decoded path (RFC 3986 section 2.1) without its first slash.
 *
 * @param path the path as it was sent, without the query
 */
export function channelOfPath(path: string): string | Refusal {
  const encoded = path.slice(1);
  // U+FFFD in the path as sent stands for bytes that are no UTF-8; %EF%BF%BD is how a client says it on purpose.
  if (encoded.includes('\ufffd')) return refusals.badEncoding;
  if (!encoded.includes('%')) return checkChannel(encoded);
  try {
    return checkChannel(decodeURIComponent(encoded));
  } catch {
    return refusals.badEncoding;
  }
}

/** The channel itself when it is allowed, else why it is not. */
export function checkChannel(channel: string): string | Refusal {
  if (channel === '') return refusals.emptyChannel;
  // A character is 1 to 3 bytes of UTF-8 for each UTF-16 unit, so short ones need no count.
  if (channel.length > MAX_CHANNEL_BYTES / 3 && Buffer.byteLength(channel) > MAX_CHANNEL_BYTES) {
    return refusals.longChannel;
  }
  if (/\p{Cc}/u.test(channel)) return refusals.controlInChannel;
  if (hasReservedPrefix(channel)) return refusals.reservedChannel;
  if (!channel.isWellFormed()) return refusals.badEncoding;
  return channel;
}
