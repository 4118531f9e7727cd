// Whether Redis answers, and how much a subscriber may lag behind before Redis cuts it off.
import { createClient } from 'redis';
import { formatBytes } from '../command/quantity.js';
import type { Row } from './setting-check.js';

/** Time for everything that is asked of Redis. */
const TIMEOUT_MS = 3000;

/** The lag that a worker should survive: 5 s of standstill at 25 MB/s of messages. */
const NEEDED_BYTES = 128 * 1024 * 1024;
const NEEDED_SOFT_BYTES = 64 * 1024 * 1024;
const SOFT_SECONDS = 60;

const REACHABLE = 'Redis';
const REACHABLE_WHY = 'every message comes through it';
const BUFFER = 'Redis pubsub output buffer';
const BUFFER_WHY =
  'a worker that stands still for a moment is cut off by Redis at this size (client-output-buffer-limit), and what is published until it is back is lost to it';
const BUFFER_NEEDED = `≥ ${formatBytes(NEEDED_BYTES)}, soft ≥ ${formatBytes(NEEDED_SOFT_BYTES)} for ${SOFT_SECONDS} s`;
const BUFFER_FIX = `CONFIG SET client-output-buffer-limit "pubsub ${NEEDED_BYTES} ${NEEDED_SOFT_BYTES} ${SOFT_SECONDS}"`;

/** Sizes in bytes, 0 for no limit. */
export interface OutputBufferLimit {
  readonly hardBytes: number;
  readonly softBytes: number;
  readonly softSeconds: number;
}

/** The pubsub class in `normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60`. */
export function parsePubsubLimit(text: string): OutputBufferLimit | undefined {
  const match = /(?:^| )pubsub (\d+) (\d+) (\d+)/.exec(text);
  if (match === null) return undefined;
  return { hardBytes: Number(match[1]), softBytes: Number(match[2]), softSeconds: Number(match[3]) };
}

/** The row about a limit that was read. */
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
    fix: isEnough ? '' : `redis-cli -u ${withoutSecret(url)} ${BUFFER_FIX}`,
  };
}

/**
 * Asks Redis. Never throws.
 *
 * @param url as --redis takes it
 * @param timeoutMs the most that all of it takes
 */
export async function checkRedis(url: string, timeoutMs = TIMEOUT_MS): Promise<Row[]> {
  const needed = `an answer of ${withoutSecret(url)}`;
  const client = createClient({ url, socket: { connectTimeout: timeoutMs, reconnectStrategy: false } });
  client.on('error', () => {});
  const deadline = timeoutAfter(timeoutMs);
  try {
    await Promise.race([client.connect().then(() => client.ping()), deadline.promise]);
    const reachable: Row = {
      check: REACHABLE,
      status: 'ok',
      found: 'answers',
      needed,
      why: REACHABLE_WHY,
      fix: '',
    };
    const buffer = await Promise.race([
      bufferLimitRow(client.configGet('client-output-buffer-limit'), url),
      deadline.promise,
    ]);
    return [reachable, buffer];
  } catch (error) {
    const found = (error as Error).message;
    const fix = `redis-cli -u ${withoutSecret(url)} PING, until it answers PONG`;
    return [{ check: REACHABLE, status: 'short', found, needed, why: REACHABLE_WHY, fix }];
  } finally {
    deadline.cancel();
    if (client.isOpen) client.destroy();
  }
}

/** CONFIG is often forbidden, by ACL or by a hosted Redis: that is a row which could not be read. */
async function bufferLimitRow(answer: Promise<Record<string, string>>, url: string): Promise<Row> {
  const row = { check: BUFFER, needed: BUFFER_NEEDED, why: BUFFER_WHY, fix: '' };
  try {
    const { 'client-output-buffer-limit': text = '' } = await answer;
    const limit = parsePubsubLimit(text);
    if (limit !== undefined) return outputBufferRow(limit, url);
    return { ...row, status: 'unread', found: `not understood: ${JSON.stringify(text)}` };
  } catch (error) {
    return { ...row, status: 'unread', found: (error as Error).message };
  }
}

/** A rejection in `ms`, unless it is cancelled. */
function timeoutAfter(ms: number): { promise: Promise<never>; cancel: () => void } {
  let timer: NodeJS.Timeout | undefined;
  const promise = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms / 1000} s`)), ms);
  });
  promise.catch(() => {});
  return { promise, cancel: () => clearTimeout(timer) };
}

const withoutSecret = (url: string): string => url.replace(/\/\/[^/]*@/, '//***@');
