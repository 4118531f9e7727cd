// What a --redis-pattern may match, besides the messages that it is meant for.

/** The flags of notify-keyspace-events that publish, and the beginnings of the channels that they publish on. */
const KEYSPACE_PREFIXES = { K: '__keyspace@', E: '__keyevent@' } as const;

/**
 * Whether Redis publishes a message for each change of a key (redis.io, "Redis keyspace notifications").
 *
 * @param flags the value of notify-keyspace-events; it publishes with K or E, and at least one class of events
 */
export const publishesKeyspaceEvents = (flags: string): boolean => /[KE]/.test(flags) && /[^KE]/.test(flags);

/** Whether a subscriber of `pattern` gets those messages. */
export const getsKeyspaceEvents = (pattern: string, flags: string): boolean =>
  publishesKeyspaceEvents(flags) &&
  Object.entries(KEYSPACE_PREFIXES).some(
    ([flag, prefix]) => flags.includes(flag) && mayMatch(pattern, prefix),
  );

/** One element of a glob pattern of Redis: an escaped character, a class, `?`, `*`, or a character. */
const ELEMENT = /\\(.)|\[(\^?)((?:\\.|[^\]])*)\]?|./gs;

/** Whether a glob pattern of Redis may match a name that begins with `prefix` and goes on; `*` counts as yes. */
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

/** Whether a class such as `a-z_` holds a character. */
function holds(members: string, char: string): boolean {
  for (const [, escaped, first, last, single] of members.matchAll(/\\(.)|(.)-(.)|(.)/gs)) {
    const from = escaped ?? first ?? single!;
    const to = escaped ?? last ?? single!;
    if ((from <= char && char <= to) || (to <= char && char <= from)) return true;
  }
  return false;
}
