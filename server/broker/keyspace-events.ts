// Redis can publish a message for every key that changes. Such messages load every worker, and are not meant for clients.
import { ErrorReply } from 'redis';
import type { Logger } from '../logger.js';
import { getsKeyspaceEvents } from '../options/redis-pattern.js';
import type { RedisClient } from './redis-client.js';

const SETTING = 'notify-keyspace-events';

/** Warns when Redis publishes keyspace events to a subscriber of `pattern`. Silent where CONFIG is forbidden. */
export async function warnOfKeyspaceEvents(
  client: RedisClient,
  pattern: string,
  logger: Logger,
): Promise<void> {
  const answer: unknown = await client.sendCommand(['CONFIG', 'GET', SETTING]).catch((error: unknown) => {
    if (!(error instanceof ErrorReply)) throw error;
  });
  const flags = Array.isArray(answer) ? String(answer[1] ?? '') : '';
  if (!getsKeyspaceEvents(pattern, flags)) return;
  logger.warn('Redis publishes keyspace events, which every worker receives and drops', {
    [SETTING]: flags,
    redisPattern: pattern,
    fix: 'narrow --redis-pattern, or switch the events off',
  });
}
