// The connections of a worker that leave bytes unread, and which of them are too slow.
//
// uWS does not say which sockets could not take a publication. So after publications each connection is asked once for its
// unread bytes, some connections at a time: 0.2 µs each. While nothing is published nobody is asked, and no timer runs.
import type { PingWheel, WheelItem } from './ping-wheel.js';

/** The part of a connection that is looked at. */
export interface Reader extends WheelItem {
  /** Bytes that wait in uWS because the kernel takes no more. uWS tells of progress in steps of a 32nd of them. */
  getBufferedAmount(): number;
  getTopics(): string[];
  /** With TLS, uWS tells of progress only when nothing waits any more. */
  readonly isTls?: boolean;
}

export interface SlowReaderLimits {
  /** How long a connection may read nothing of what waits for it; with TLS, how long it may take to read all. */
  readonly writeTimeoutMs: number;
  /** How much may wait for a connection that reads nothing. */
  readonly maxBackpressureBytes: number;
}

/** Gets a connection that is too slow, and whether more waits for it than the limit. It closes the connection. */
export type TooSlow<T> = (connection: T, isOverLimit: boolean) => void;

/** A clock in milliseconds that never goes back, and what calls back later. */
export interface SlowReaderClock {
  readonly now: () => number;
  readonly later: (callback: () => void, delayMs: number) => NodeJS.Timeout;
}

/** Time between two looks. Three to find unread bytes, and one to act on them, take less than a second. */
export const LOOK_MS = 200;
/** Looks in which every connection is asked once. */
const PARTS = 3;

/**
 * After so many published bytes everybody is asked at once. Fewer find room in the kernel, unless it is full of what a
 * client has not read for longer: a send buffer begins with 16 KiB, and the usual receive window of a client is 64 KiB.
 */
export const HURRY_BYTES = 65_536;
/** After fewer bytes everybody is asked in so long a time. */
export const UNHURRIED_MS = 5000;

/**
 * How long a connection with more than the limit may read nothing: long enough to see that it reads. The kernel tells of
 * progress when a third of its send buffer is free. Measured over a line of 1 Mbit/s: every 1.6 s with the tcp_wmem of
 * sysctl/10m-server.conf, every 3.9 s with the kernel's own.
 */
export const OVER_LIMIT_MS = 5000;

/** How often the limit, and the largest message beside it, fit into what may wait for a connection that reads. */
const BURST = 4;
/** The most that uWS can count. */
const MAX_QUEUED_BYTES = 2 ** 31 - 1;

/** How much may wait for a connection that reads, in bytes: with more, it loses a message and is closed at once. */
export const mostQueuedBytes = (maxBackpressureBytes: number, maxMessageBytes: number): number =>
  Math.min(MAX_QUEUED_BYTES, BURST * (maxBackpressureBytes + maxMessageBytes));

/** What was published on a topic while somebody watched. */
interface WatchedTopic {
  readonly name: string;
  watchers: number;
  bytes: number;
}

/** What is known of a connection with unread bytes. */
interface Backlog {
  /** The most bytes that it is known to have taken, from any starting point. */
  takenBytes: number;
  /** When it was last seen to have taken some, on the clock of the looks. */
  takenAtMs: number;
  /** Its topics, once its bytes did not simply become fewer: it may have taken some while more were published. */
  topics: readonly WatchedTopic[] | undefined;
}

const systemClock: SlowReaderClock = { now: () => performance.now(), later: setTimeout };

/** Looks for unread bytes, and hands over the connections that are too slow. */
export class SlowReaders<T extends Reader> {
  readonly #wheel: PingWheel<T>;
  readonly #limits: SlowReaderLimits;
  readonly #tooSlow: TooSlow<T>;
  readonly #clock: SlowReaderClock;
  readonly #backlogs = new Map<T, Backlog>();
  readonly #topics = new Map<string, WatchedTopic>();
  /** Set while there is something to look for. */
  #timer: NodeJS.Timeout | undefined;
  #isLookingSoon = false;
  /** Published since everybody began to be asked, and when that began. */
  #unaskedBytes = 0;
  #unaskedSinceMs = 0;
  /** Looks until every connection has been asked. */
  #partsDue = 0;
  #part = 0;
  #lookedAtMs = 0;
  /** Stands while the loop does: in that time nothing could be seen to be read. */
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

  /** Connections that have read nothing of what waits for them for a second or more. */
  get stalled(): number {
    let count = 0;
    for (const { takenAtMs } of this.#backlogs.values()) if (this.#servedMs - takenAtMs >= 1000) count++;
    return count;
  }

  has(connection: T): boolean {
    return this.#backlogs.has(connection);
  }

  /** A message went to a topic, and some member may not have taken it. */
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
    // The next look sees that as progress, so that its time begins there, and never too early.
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

  /** Counts from now on what is published on a connection's topics. */
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

/** Bytes of a frame from the server (RFC 6455 section 5.2). */
const frameBytes = (payloadBytes: number): number =>
  payloadBytes + (payloadBytes < 126 ? 2 : payloadBytes < 65_536 ? 4 : 10);
