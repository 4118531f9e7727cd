// Checks what a --redis-pattern matches besides the messages that it is meant for.

/** The flags of notify-keyspace-events that make Redis publish, each with the prefix of the channels that it publishes on. */
const KEYSPACE_PREFIXES = { K: '__keyspace@', E: '__keyevent@' } as const;

/**
 * Whether Redis publishes a message for each change of a key (redis.io, "Redis keyspace notifications").
 *
 * @param flags the value of notify-keyspace-events. Redis publishes if it contains K or E and at least one class of events
 */
export const publishesKeyspaceEvents = (flags: string): boolean => /[KE]/.test(flags) && /[^KE]/.test(flags);

/** Whether a subscriber of `pattern` gets keyspace events. */
export const getsKeyspaceEvents = (pattern: string, flags: string): boolean =>
  publishesKeyspaceEvents(flags) &&
  Object.entries(KEYSPACE_PREFIXES).some(
    ([flag, prefix]) => flags.includes(flag) && mayMatch(pattern, prefix),
  );

/** One element of a Redis glob pattern: an escaped character, a class, `?`, `*`, or a character. */
const ELEMENT = /\\(.)|\[(\^?)((?:\\.|[^\]])*)\]?|./gs;

/**
 * Whether a Redis glob pattern may match a name that is longer than `prefix` and begins with it. A `*` counts as a match.
 */
export function mayMatch(pattern: string, prefix: string): boolean {
  const elements = pattern.matchAll(ELEMENT);
  for (const char of prefix) {
    const element = elements.next().value;
    if (element === undefined) return false;
    const [text, escaped, negation, members] = element;
    if (text === '*') return true;
    if (members !== undefined) {
      if (holds(members, char) === (negation === '^')) return false;
    } else if (text !== '?' && (escaped ?? text) !== char) return false;
  }
  return elements.next().done !== true;
}

/** Whether a class such as `a-z_` contains a character. */
function holds(members: string, char: string): boolean {
  for (const [, escaped, first, last, single] of members.matchAll(/\\(.)|(.)-(.)|(.)/gs)) {
    const from = escaped ?? first ?? single!;
    const to = escaped ?? last ?? single!;
    if ((from <= char && char <= to) || (to <= char && char <= from)) return true;
  }
  return false;
}
