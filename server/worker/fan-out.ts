// The members of channels as uWS topics: one topic for a small channel, slices for a big one.
//
// uWS sends a published message to all members of a topic in one go. This takes about 14 µs per member, and blocks the
// event loop. A big channel is therefore spread over several topics, its slices, which are served over several turns.
// All waiting messages go to one slice before the next slice gets them, because uWS batches them into one send.
import { RESERVED_PREFIX } from '../channel.js';
import type { Connection } from './connections.js';
import type { DeliveryObserver } from './delivery-timing.js';
import type { SlowReaders } from './slow-readers.js';

/** The part of a uWS app that handles topics. */
export interface Topics {
  publish(topic: string | Uint8Array, message: Uint8Array, isBinary: boolean): boolean;
  numSubscribers(topic: string | Uint8Array | ArrayBuffer): number;
}

/** Most members of one slice: as many as one event-loop turn serves. */
export const SLICE_MEMBERS = 512;

/** Most messages, and most bytes, that uWS holds for one subscriber and sends at once. */
const BATCH_MESSAGES = 32;
const BATCH_BYTES = 16 * 1024;

/** Most waiting messages of a channel. Beyond that, messages are served within the call, so the broker has to wait. */
export const MAX_WAITING_MESSAGES = 8192;
/** Most bytes of memory that the waiting messages of all big channels take together. */
export const MAX_HELD_BYTES = 8 * 1024 * 1024;
/** Bytes that V8 needs for a message besides its payload. Measured: 170 to 420. */
const MESSAGE_BYTES = 512;

interface Message {
  readonly payload: Uint8Array;
  readonly isBinary: boolean;
  /** On the observer's clock. */
  readonly arrivedMs: number;
}

/** The counters that a fan-out writes. */
export interface FanOutCounters {
  /** Counts one for each connection that a message was handed to. */
  messagesDelivered: number;
  readonly delivery: DeliveryObserver;
}

/** A channel with more members than one slice holds. */
class BigChannel {
  /** The topics of the slices. The first is the channel's own name: its members joined before the channel was big. */
  readonly slices: string[];
  /** The slice that new members join while it has room. */
  filling = 0;
  /** Messages that no slice has got yet. */
  waiting: Message[] = [];
  /** Messages that the slices from `reached` on have not got yet. */
  underWay: Message[] = [];
  reached = 0;
  isScheduled = false;

  constructor(channel: string) {
    this.slices = [channel];
  }

  get hasWork(): boolean {
    return this.underWay.length > 0 || this.waiting.length > 0;
  }

  /** The number of waiting messages. Those under way count by the share of slices that still wait for them. */
  get backlog(): number {
    return this.waiting.length + this.underWay.length * (1 - this.reached / this.slices.length);
  }

  addSlice(): string {
    const topic = `${RESERVED_PREFIX}${this.slices.length}/${this.slices[0]}`;
    this.slices.push(topic);
    return topic;
  }

  /** Moves the next batch of messages from waiting to under way. */
  takeBatch(): void {
    let count = 0;
    let bytes = 0;
    while (count < this.waiting.length && count < BATCH_MESSAGES) {
      bytes += this.waiting[count]!.payload.byteLength;
      if (count > 0 && bytes > BATCH_BYTES) break;
      count++;
    }
    this.underWay = this.waiting.splice(0, count);
    this.reached = 0;
  }
}

const heldBytes = (payload: Uint8Array): number => payload.byteLength + MESSAGE_BYTES;

/** Returns the channel that a topic is a slice of. */
const channelOfTopic = (topic: string): string =>
  topic.startsWith(RESERVED_PREFIX) ? topic.slice(topic.indexOf('/') + 1) : topic;

/** How many slices are checked for room before a new slice is added. */
const SLICES_TRIED = 4;

/** Joins connections to channels, and hands messages to the members in order. */
export class FanOut {
  readonly #topics: Topics;
  readonly #slowReaders: Pick<SlowReaders<Connection>, 'published'>;
  readonly #counters: FanOutCounters;
  readonly #observer: DeliveryObserver;
  readonly #big = new Map<string, BigChannel>();
  readonly #active: BigChannel[] = [];
  #turn: NodeJS.Immediate | undefined;
  /** Memory of the messages of all big channels, until the last slice has got them. */
  #heldBytes = 0;
  #topicCount = 0;
  #lastCount = 0;

  /** @param slowReaders gets a call for each message handed to uWS, which does not say which sockets could not take it */
  constructor(
    topics: Topics,
    slowReaders: Pick<SlowReaders<Connection>, 'published'>,
    counters: FanOutCounters,
  ) {
    this.#topics = topics;
    this.#slowReaders = slowReaders;
    this.#counters = counters;
    this.#observer = counters.delivery;
  }

  /** The number of channels with at least one member. */
  get channels(): number {
    let count = this.#topicCount;
    for (const { slices } of this.#big.values()) {
      const members = slices.filter((topic) => this.#topics.numSubscribers(topic) > 0).length;
      if (members > 1) count -= members - 1;
    }
    return count;
  }

  /** Makes a connection a member of a channel. */
  join(connection: Connection, channel: string): void {
    const big = this.#big.get(channel);
    connection.subscribe(big === undefined ? channel : this.#sliceWithRoom(big));
    if (big === undefined && this.#lastCount >= SLICE_MEMBERS)
      this.#big.set(channel, new BigChannel(channel));
  }

  /** The subscription handler for uWS: the number of a topic's members has changed. */
  readonly subscriptionChanged = (topic: ArrayBuffer, newCount: number, oldCount: number): void => {
    this.#lastCount = newCount;
    if (oldCount === 0) this.#topicCount++;
    if (newCount > 0) return;
    this.#topicCount--;
    if (this.#big.size === 0) return;
    const big = this.#big.get(channelOfTopic(Buffer.from(topic).toString()));
    if (big !== undefined) this.#forgetWhenDone(big);
  };

  /**
   * Hands a message to every member of a channel.
   *
   * @param channel the channel's name in bytes
   * @returns false if the channel has no members here
   */
  publish(channel: Uint8Array, payload: Uint8Array, isBinary: boolean): boolean {
    const big = this.#big.size > 0 ? this.#big.get(Buffer.from(channel).toString()) : undefined;
    if (big === undefined) {
      if (!this.#topics.publish(channel, payload, isBinary)) return false;
      this.#slowReaders.published(channel, payload.byteLength);
      this.#counters.messagesDelivered += this.#topics.numSubscribers(channel);
      this.#observer.served();
      return true;
    }
    big.waiting.push({ payload, isBinary, arrivedMs: this.#observer.now() });
    this.#heldBytes += heldBytes(payload);
    if (!big.isScheduled) {
      big.isScheduled = true;
      this.#active.push(big);
      this.#turn ??= setImmediate(this.#serveTurn);
    }
    this.#serveBeyondLimits(big);
    return true;
  }

  /** Serves messages until those that wait are within the limits again, and no more. */
  #serveBeyondLimits(grown: BigChannel): void {
    while (grown.backlog > MAX_WAITING_MESSAGES) this.#serveSlice(grown);
    while (this.#heldBytes > MAX_HELD_BYTES) {
      const first = this.#active.shift()!;
      do this.#serveSlice(first);
      while (first.underWay.length > 0);
      this.#keepOrRetire(first);
    }
  }

  #sliceWithRoom(big: BigChannel): string {
    for (let tries = Math.min(SLICES_TRIED, big.slices.length); tries > 0; tries--) {
      const topic = big.slices[big.filling]!;
      if (this.#topics.numSubscribers(topic) < SLICE_MEMBERS) return topic;
      big.filling = (big.filling + 1) % big.slices.length;
    }
    big.filling = big.slices.length;
    return big.addSlice();
  }

  /** Deletes a big channel's state, but only without members and messages: until then it keeps the messages in order. */
  #forgetWhenDone(big: BigChannel): void {
    if (big.isScheduled || big.slices.some((topic) => this.#topics.numSubscribers(topic) > 0)) return;
    this.#big.delete(big.slices[0]!);
  }

  /** Serves, in one event-loop turn, about a slice's worth of members of the next big channel. */
  readonly #serveTurn = (): void => {
    const big = this.#active.shift();
    if (big !== undefined) {
      let members = 0;
      while (members < SLICE_MEMBERS && big.hasWork) members += this.#serveSlice(big);
      this.#keepOrRetire(big);
    }
    this.#turn = this.#active.length > 0 ? setImmediate(this.#serveTurn) : undefined;
  };

  /** Puts a served channel behind the others, unless it is done. */
  #keepOrRetire(big: BigChannel): void {
    if (big.hasWork) {
      this.#active.push(big);
      return;
    }
    big.isScheduled = false;
    this.#forgetWhenDone(big);
  }

  /** Hands all messages under way to the next slice. Returns the number of its members. */
  #serveSlice(big: BigChannel): number {
    if (big.underWay.length === 0) big.takeBatch();
    const topic = big.slices[big.reached++]!;
    const members = this.#topics.numSubscribers(topic);
    if (members > 0) {
      for (const { payload, isBinary } of big.underWay) {
        this.#topics.publish(topic, payload, isBinary);
        this.#slowReaders.published(topic, payload.byteLength);
      }
      this.#counters.messagesDelivered += members * big.underWay.length;
    }
    if (big.reached === big.slices.length) {
      this.#observer.batchServed(big.underWay[0]!.arrivedMs, big.underWay.length);
      for (const { payload } of big.underWay) this.#heldBytes -= heldBytes(payload);
      big.underWay = [];
    }
    return members;
  }
}
