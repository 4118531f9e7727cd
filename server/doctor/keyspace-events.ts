// Whether Redis tells of each change of a key on channels that the server subscribes to.
import { unbroken } from '../command/text-table.js';
import { getsKeyspaceEvents, publishesKeyspaceEvents } from '../options/redis-pattern.js';
import type { Row } from './setting-check.js';

const CHECK = 'Redis keyspace events';
const NEEDED = 'off, or outside of --redis-pattern';
const WHY =
  'with notify-keyspace-events each change of a key becomes a message to every worker, which throws it away';

/**
 * @param flags the value of notify-keyspace-events
 * @param pattern as --redis-pattern takes it
 * @param redisCli the command that reaches this Redis
 */
export function keyspaceEventsRow(flags: string, pattern: string, redisCli: string): Row {
  const isShort = getsKeyspaceEvents(pattern, flags);
  return {
    check: CHECK,
    status: isShort ? 'short' : 'ok',
    found: publishesKeyspaceEvents(flags) ? `on (${flags})` : 'off',
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
