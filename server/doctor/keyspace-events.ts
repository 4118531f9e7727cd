// Whether Redis publishes keyspace events on channels that the server subscribes to.
import { unbroken } from '../command/text-table.js';
import { getsKeyspaceEvents, publishesKeyspaceEvents } from '../options/redis-pattern.js';
import type { Row } from './setting-check.js';

const CHECK = 'Redis keyspace events';
const NEEDED = 'off, or not matched by --redis-pattern';
const WHY =
  'with notify-keyspace-events every change of a key becomes a message to every worker, which discards it';

/**
 * @param flags the value of notify-keyspace-events; it publishes if it has K or E, and at least one class of events
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
      ? `give a narrower --redis-pattern; or, if no other program needs the events: ${unbroken(`${redisCli} CONFIG SET notify-keyspace-events ""`)}`
      : '',
  };
}

/** The row for a Redis that does not show the setting. */
export const unreadKeyspaceEvents = (reason: string): Row => ({
  check: CHECK,
  status: 'unread',
  found: reason,
  needed: NEEDED,
  why: WHY,
  fix: '',
});
