// What may be a channel: 1 to 255 bytes of UTF-8 without control characters, not beginning with $.
import { type Refusal, refusals } from './codes.js';

/** Longest channel, in bytes of UTF-8. */
export const MAX_CHANNEL_BYTES = 255;

/** First character of the names that the server keeps for its own use. */
export const RESERVED_PREFIX = '$';

/** First byte of {@link RESERVED_PREFIX}, for channels that are still bytes. */
export const RESERVED_BYTE = 0x24;

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
  if (channel.startsWith(RESERVED_PREFIX)) return refusals.reservedChannel;
  if (!channel.isWellFormed()) return refusals.badEncoding;
  return channel;
}
