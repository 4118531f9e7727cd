// Finds the connections of a worker that leave bytes unread, and those of them that are too slow.
//
// uWS does not say which sockets could not take a message. So after messages were sent, the unread bytes of each connection
// are checked once, some connections at a time: 0.2 µs each. While nothing is sent, nothing is checked, and no timer runs.
import type { PingWheel, WheelItem } from './ping-wheel.js';

/** The part of a connection that is used here. */
export interface Reader extends WheelItem {
  /** Bytes that wait in uWS because the kernel takes no more. uWS shows progress in steps of a 32nd of them. */
  getBufferedAmount(): number;
  getTopics(): string[];
  /** With TLS, uWS shows progress only once nothing waits any more. */
  readonly isTls?: boolean;
}

export interface SlowReaderLimits {
  /** How long a connection may read nothing of its waiting data; with TLS, how long it may take to read all of it. */
  readonly writeTimeoutMs: number;
  /** Most bytes that may wait for a connection that reads nothing. */
  readonly maxBackpressureBytes: number;
}

/** Closes a connection that is too slow. `isOverLimit` says whether more bytes wait for it than the limit. */
export type TooSlow<T> = (connection: T, isOverLimit: boolean) => void;

/** A monotonic clock in milliseconds, and a timer. */
export interface SlowReaderClock {
  readonly now: () => number;
  readonly later: (callback: () => void, delayMs: number) => NodeJS.Timeout;
}

/** Time between two looks. Three looks to find unread bytes, and one to act on them, take less than a second. */
export const LOOK_MS = 200;
/** The number of looks that check every connection once. */
const PARTS = 3;

/**
 * After this many sent bytes, all connections are checked without delay. Fewer bytes fit into the kernel, unless it is full
 * of older unread data: a send buffer starts at 16 KiB, and the usual receive window of a client is 64 KiB.
 */
export const HURRY_BYTES = 65_536;
/** After fewer bytes, all connections are checked after this time. */
export const UNHURRIED_MS = 5000;

/**
 * How long a connection over the limit may read nothing: long enough to see whether it reads. The kernel shows progress
 * when a third of its send buffer is free. Measured over a line of 1 Mbit/s: every 1.6 s with the tcp_wmem of
 * sysctl/10m-server.conf, every 3.9 s with the kernel's default.
 */
export const OVER_LIMIT_MS = 5000;

/** A connection that reads may have this many times the limit plus the largest message waiting. */
const BURST = 4;
/** The most that uWS can count. */
const MAX_QUEUED_BYTES = 2 ** 31 - 1;

/** Most bytes that may wait for a connection that reads. Beyond that, it loses a message and is closed at once. */
export const mostQueuedBytes = (maxBackpressureBytes: number, maxMessageBytes: number): number =>
  Math.min(MAX_QUEUED_BYTES, BURST * (maxBackpressureBytes + maxMessageBytes));

/** Counts the bytes that were sent to a topic while it was watched. */
interface WatchedTopic {
  readonly name: string;
  watchers: number;
  bytes: number;
}

/** The state of a connection with unread bytes. */
interface Backlog {
  /** The most bytes that it is known to have taken, counted from an arbitrary starting point. */
  takenBytes: number;
  /** When it was last seen to have taken some, on the clock of `#servedMs`. */
  takenAtMs: number;
  /** Its topics, set once its unread bytes have not decreased: it may have taken some while more were sent. */
  topics: readonly WatchedTopic[] | undefined;
}

const systemClock: SlowReaderClock = { now: () => performance.now(), later: setTimeout };

/** Looks for unread bytes, and reports the connections that are too slow. */
export class SlowReaders<T extends Reader> {
  readonly #wheel: PingWheel<T>;
  readonly #limits: SlowReaderLimits;
  readonly #tooSlow: TooSlow<T>;
  readonly #clock: SlowReaderClock;
  readonly #backlogs = new Map<T, Backlog>();
  readonly #topics = new Map<string, WatchedTopic>();
  /** Set while a look is scheduled. */
  #timer: NodeJS.Timeout | undefined;
  #isLookingSoon = false;
  /** Bytes sent since the last check of all connections began, and when the first of them were sent. */
  #unaskedBytes = 0;
  #unaskedSinceMs = 0;
  /** The number of looks until every connection has been checked. */
  #partsDue = 0;
  #part = 0;
  #lookedAtMs = 0;
  /** A clock that does not count while the event loop is blocked, because no progress can be seen in that time. */
  #servedMs = 0;

  constructor(
    wheel: PingWheel<T>,
    limits: SlowReaderLimits,
    tooSlow: TooSlow<T>,
    clock: SlowReaderClock = systemClock,
  ) {
    this.#wheel = wheel;
    this.#limits = limits;
    this.#tooSlow = tooSlow;
    this.#clock = clock;
  }

  /** The number of connections that have read nothing of their waiting data for a second or more. */
  get stalled(): number {
    let count = 0;
    for (const { takenAtMs } of this.#backlogs.values()) if (this.#servedMs - takenAtMs >= 1000) count++;
    return count;
  }

  has(connection: T): boolean {
    return this.#backlogs.has(connection);
  }

  /** A message was handed to a topic. Some of the members may not have been able to take it. */
  published(topic: string | Uint8Array, payloadBytes: number): void {
    if (this.#unaskedBytes === 0) this.#unaskedSinceMs = this.#clock.now();
    this.#unaskedBytes += frameBytes(payloadBytes);
    if (this.#unaskedBytes >= HURRY_BYTES) this.#askEverybody();
    else this.#timer ??= this.#clock.later(this.#look, this.#unhurriedMs);
    if (this.#topics.size === 0) return;
    const watched = this.#topics.get(typeof topic === 'string' ? topic : Buffer.from(topic).toString());
    if (watched !== undefined) watched.bytes += frameBytes(payloadBytes);
  }

  /** A connection has unread bytes. */
  found(connection: T): void {
    if (this.#backlogs.has(connection)) return;
    // The next look counts as progress, so the connection's time begins then, and never too early.
    const takenBytes = Number.NEGATIVE_INFINITY;
    this.#backlogs.set(connection, { takenBytes, takenAtMs: this.#servedMs, topics: undefined });
    this.#lookSoon();
  }

  /** A connection was closed, or has read everything. */
  forget(connection: T): void {
    if (this.#backlogs.size === 0) return;
    const topics = this.#backlogs.get(connection)?.topics ?? [];
    for (const topic of topics) if (--topic.watchers === 0) this.#topics.delete(topic.name);
    this.#backlogs.delete(connection);
  }

  get #unhurriedMs(): number {
    return Math.min(UNHURRIED_MS, this.#limits.writeTimeoutMs);
  }

  #askEverybody(): void {
    this.#partsDue = PARTS;
    this.#unaskedBytes = 0;
    this.#lookSoon();
  }

  #lookSoon(): void {
    if (this.#isLookingSoon) return;
    this.#isLookingSoon = true;
    clearTimeout(this.#timer);
    this.#timer = this.#clock.later(this.#look, LOOK_MS);
  }

  readonly #look = (): void => {
    const nowMs = this.#clock.now();
    this.#servedMs += Math.min(nowMs - this.#lookedAtMs, 2 * LOOK_MS);
    this.#lookedAtMs = nowMs;
    this.#isLookingSoon = false;
    this.#timer = undefined;
    if (this.#unaskedBytes > 0 && nowMs - this.#unaskedSinceMs >= this.#unhurriedMs) this.#askEverybody();
    if (this.#partsDue > 0) this.#askPart();
    for (const [connection, backlog] of this.#backlogs) this.#review(connection, backlog);
    if (this.#partsDue > 0 || this.#backlogs.size > 0) this.#lookSoon();
    else if (this.#unaskedBytes > 0) {
      this.#timer = this.#clock.later(this.#look, this.#unaskedSinceMs + this.#unhurriedMs - nowMs);
    }
  };

  #askPart(): void {
    this.#partsDue--;
    this.#part = (this.#part + 1) % PARTS;
    for (let slot = this.#part; slot < this.#wheel.slotCount; slot += PARTS) {
      this.#wheel.tick(slot, this.#ask);
    }
  }

  readonly #ask = (connection: T): void => {
    if (connection.getBufferedAmount() > 0) this.found(connection);
  };

  #review(connection: T, backlog: Backlog): void {
    const waitingBytes = connection.getBufferedAmount();
    if (waitingBytes === 0) this.forget(connection);
    else if (!this.#isTaking(connection, backlog, waitingBytes))
      this.#judge(connection, backlog, waitingBytes);
  }

  /** Whether a connection has taken bytes since the last look, or may have. */
  #isTaking(connection: T, backlog: Backlog, waitingBytes: number): boolean {
    const takenBytes = publishedBytes(backlog) - waitingBytes;
    if (takenBytes > backlog.takenBytes) {
      backlog.takenBytes = takenBytes;
      backlog.takenAtMs = this.#servedMs;
      return true;
    }
    if (backlog.topics !== undefined) return false;
    const haveGrown = takenBytes < backlog.takenBytes;
    backlog.topics = this.#watch(connection);
    backlog.takenBytes = publishedBytes(backlog) - waitingBytes;
    return haveGrown;
  }

  #judge(connection: T, backlog: Backlog, waitingBytes: number): void {
    const { writeTimeoutMs, maxBackpressureBytes } = this.#limits;
    const isOverLimit = waitingBytes > maxBackpressureBytes;
    const limitMs =
      isOverLimit && connection.isTls !== true ? Math.min(OVER_LIMIT_MS, writeTimeoutMs) : writeTimeoutMs;
    if (this.#servedMs - backlog.takenAtMs >= limitMs) this.#tooSlow(connection, isOverLimit);
  }

  /** Starts counting the bytes that are sent to a connection's topics. */
  #watch(connection: T): WatchedTopic[] {
    return connection.getTopics().map((name) => {
      const topic = this.#topics.get(name) ?? { name, watchers: 0, bytes: 0 };
      topic.watchers++;
      this.#topics.set(name, topic);
      return topic;
    });
  }
}

function publishedBytes({ topics = [] }: Backlog): number {
  let sum = 0;
  for (const { bytes } of topics) sum += bytes;
  return sum;
}

/** The length of a frame from the server in bytes (RFC 6455 section 5.2). */
const frameBytes = (payloadBytes: number): number =>
  payloadBytes + (payloadBytes < 126 ? 2 : payloadBytes < 65_536 ? 4 : 10);
