// Redis can publish a message for every key that changes: load for every worker, and none of it for clients.
import { ErrorReply } from 'redis';
import type { Logger } from '../logger.js';
import type { RedisClient } from './redis-client.js';

const SETTING = 'notify-keyspace-events';

/** Whether a PSUBSCRIBE pattern can match names of keyspace events, by what stands before its first special character. */
export function matchesKeyspaceEvents(pattern: string): boolean {
  const literal = /^[^*?[\\]*/.exec(pattern)?.[0] ?? '';
  return ['__keyspace@', '__keyevent@'].some(
    (prefix) => prefix.startsWith(literal) || literal.startsWith(prefix),
  );
}

/** Warns when Redis publishes keyspace events to a subscriber of `pattern`. Silent where CONFIG is forbidden. */
export async function warnOfKeyspaceEvents(
  client: RedisClient,
  pattern: string,
  logger: Logger,
): Promise<void> {
  if (!matchesKeyspaceEvents(pattern)) return;
  const answer: unknown = await client.sendCommand(['CONFIG', 'GET', SETTING]).catch((error: unknown) => {
    if (!(error instanceof ErrorReply)) throw error;
  });
  const flags = Array.isArray(answer) ? String(answer[1]) : '';
  // K: __keyspace@, E: __keyevent@; the other letters choose among the events.
  if (!/[KE]/.test(flags)) return;
  logger.warn('Redis publishes keyspace events, which every worker receives and drops', {
    [SETTING]: flags,
    redisPattern: pattern,
    fix: 'narrow --redis-pattern, or switch the events off',
  });
}
