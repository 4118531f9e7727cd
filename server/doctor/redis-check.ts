// Checks that Redis answers, how far a subscriber may lag before Redis disconnects it, and what Redis itself publishes.
import { createClient, type RedisClientType } from 'redis';
import { deadlineAfter } from '../command/deadline.js';
import { formatBytes } from '../command/quantity.js';
import { unbroken } from '../command/text-table.js';
import { withoutSecret } from '../command/url-secret.js';
import { keyspaceEventsRow, unreadKeyspaceEvents } from './keyspace-events.js';
import { type Row, unread } from './setting-check.js';

/** Timeout for all questions to Redis together. */
const TIMEOUT_MS = 3000;

/** A worker should survive being blocked for 5 s at 25 MB/s of messages. */
const NEEDED_BYTES = 128 * 1024 * 1024;
const NEEDED_SOFT_BYTES = 64 * 1024 * 1024;
const SOFT_SECONDS = 60;

const BUFFER_KEY = 'client-output-buffer-limit';
const EVENTS_KEY = 'notify-keyspace-events';

const REACHABLE = 'Redis';
const REACHABLE_WHY = 'every message comes through it';
const BUFFER = 'Redis pubsub output buffer';
const BUFFER_WHY =
  'Redis disconnects a worker that lags this far behind (client-output-buffer-limit); the worker misses what is published until it reconnects';
const BUFFER_NEEDED = `≥ ${formatBytes(NEEDED_BYTES)}, soft ≥ ${formatBytes(NEEDED_SOFT_BYTES)} for ${SOFT_SECONDS} s`;
const BUFFER_FIX = `CONFIG SET ${BUFFER_KEY} "pubsub ${NEEDED_BYTES} ${NEEDED_SOFT_BYTES} ${SOFT_SECONDS}"`;

/** Sizes in bytes, 0 for no limit. */
export interface OutputBufferLimit {
  readonly hardBytes: number;
  readonly softBytes: number;
  readonly softSeconds: number;
}

/** Parses the pubsub class in `normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60`. */
export function parsePubsubLimit(text: string): OutputBufferLimit | undefined {
  const match = /(?:^| )pubsub (\d+) (\d+) (\d+)/.exec(text);
  if (match === null) return undefined;
  return { hardBytes: Number(match[1]), softBytes: Number(match[2]), softSeconds: Number(match[3]) };
}

/** The row for a limit that was read. */
export function outputBufferRow(limit: OutputBufferLimit, url: string): Row {
  const { hardBytes, softBytes, softSeconds } = limit;
  const isHardEnough = hardBytes === 0 || hardBytes >= NEEDED_BYTES;
  const isSoftEnough = softBytes === 0 || (softBytes >= NEEDED_SOFT_BYTES && softSeconds >= SOFT_SECONDS);
  const isEnough = isHardEnough && isSoftEnough;
  const shown = (bytes: number): string => (bytes === 0 ? 'no limit' : formatBytes(bytes));
  return {
    check: BUFFER,
    status: isEnough ? 'ok' : 'short',
    found: `${shown(hardBytes)}, soft ${shown(softBytes)} for ${softSeconds} s`,
    needed: BUFFER_NEEDED,
    why: BUFFER_WHY,
    fix: isEnough ? '' : unbroken(`${redisCli(url)} ${BUFFER_FIX}`),
  };
}

/**
 * Runs the checks of Redis. Never throws.
 *
 * @param url as --redis takes it
 * @param pattern as --redis-pattern takes it
 * @param timeoutMs limit for all checks together
 */
export async function checkRedis(url: string, pattern: string, timeoutMs = TIMEOUT_MS): Promise<Row[]> {
  const needed = `an answer from ${withoutSecret(url)}`;
  const deadline = deadlineAfter(timeoutMs);
  let client: RedisClientType | undefined;
  try {
    client = createClient({ url, socket: { connectTimeout: timeoutMs, reconnectStrategy: false } });
    client.on('error', () => {});
    await Promise.race([client.connect().then((connected) => connected.ping()), deadline.promise]);
    const reachable: Row = {
      check: REACHABLE,
      status: 'ok',
      found: 'answers',
      needed,
      why: REACHABLE_WHY,
      fix: '',
    };
    const settings = Promise.all([
      bufferLimitRow(client.configGet(BUFFER_KEY), url),
      eventsRow(client.configGet(EVENTS_KEY), pattern, url),
    ]);
    return [reachable, ...(await Promise.race([settings, deadline.promise]))];
  } catch (error) {
    const found = (error as Error).message;
    const fix = `try ${unbroken(`${redisCli(url)} PING`)} until it answers PONG`;
    return [{ check: REACHABLE, status: 'short', found, needed, why: REACHABLE_WHY, fix }];
  } finally {
    deadline.cancel();
    if (client?.isOpen) client.destroy();
  }
}

/** ACLs and hosted Redis services often forbid CONFIG; the row is then unread. */
async function bufferLimitRow(answer: Promise<Record<string, string>>, url: string): Promise<Row> {
  try {
    const { [BUFFER_KEY]: text = '' } = await answer;
    const limit = parsePubsubLimit(text);
    if (limit !== undefined) return outputBufferRow(limit, url);
    return unread(BUFFER, `not understood: ${JSON.stringify(text)}`, BUFFER_NEEDED, BUFFER_WHY);
  } catch (error) {
    return unread(BUFFER, (error as Error).message, BUFFER_NEEDED, BUFFER_WHY);
  }
}

async function eventsRow(
  answer: Promise<Record<string, string>>,
  pattern: string,
  url: string,
): Promise<Row> {
  try {
    const { [EVENTS_KEY]: flags } = await answer;
    if (flags === undefined) return unreadKeyspaceEvents('this Redis has no such setting');
    return keyspaceEventsRow(flags, pattern, redisCli(url));
  } catch (error) {
    return unreadKeyspaceEvents((error as Error).message);
  }
}

const redisCli = (url: string): string => `redis-cli -u ${withoutSecret(url)}`;
