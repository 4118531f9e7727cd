// Whether Redis tells of each change of a key on channels that the server subscribes to.
import { unbroken } from '../command/text-table.js';
import type { Row } from './setting-check.js';

const CHECK = 'Redis keyspace events';
const NEEDED = 'off, or outside of --redis-pattern';
const WHY =
  'with notify-keyspace-events each change of a key becomes a message to every worker, which throws it away';

/** The flags of notify-keyspace-events that publish, and the beginnings of the channels that they publish on. */
const PREFIXES = { K: '__keyspace@', E: '__keyevent@' } as const;

/**
 * @param flags the value of notify-keyspace-events; it publishes with K or E, and at least one class of events
 * @param pattern as --redis-pattern takes it
 * @param redisCli the command that reaches this Redis
 */
export function keyspaceEventsRow(flags: string, pattern: string, redisCli: string): Row {
  const isOn = /[KE]/.test(flags) && /[^KE]/.test(flags);
  const reached = Object.entries(PREFIXES).filter(
    ([flag, prefix]) => isOn && flags.includes(flag) && mayMatch(pattern, prefix),
  );
  const isShort = reached.length > 0;
  return {
    check: CHECK,
    status: isShort ? 'short' : 'ok',
    found: isOn ? `on (${flags})` : 'off',
    needed: NEEDED,
    why: WHY,
    fix: isShort
      ? `a narrower --redis-pattern; or, where no other program needs the events: ${unbroken(`${redisCli} CONFIG SET notify-keyspace-events ""`)}`
      : '',
  };
}

/** The row where Redis does not tell. */
export const unreadKeyspaceEvents = (reason: string): Row => ({
  check: CHECK,
  status: 'unread',
  found: reason,
  needed: NEEDED,
  why: WHY,
  fix: '',
});

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
