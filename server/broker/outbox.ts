// What waits in the primary for one worker: messages go over its cluster channel in batches, one batch at a time.

import { isOwn } from '../channel.js';

/** Sends messages; `sent` is to be called once the kernel has all of them. */
export type SendMessages = (
  channels: readonly Buffer[],
  payloads: readonly Buffer[],
  sent: () => void,
) => void;

/** From here on the outbox is full, until some of it has gone. */
export const MAX_WAITING_BYTES = 64 * 1024 * 1024;
/** A worker that was cut off gets messages again when no more than this waits for it. */
const REJOIN_BYTES = MAX_WAITING_BYTES / 2;
/** A worker keeps the whole batch in memory for as long as one of its messages waits there. */
const MAX_BATCH_BYTES = 64 * 1024;
const MAX_BATCH_MESSAGES = 1000;
/** What a message takes beside its bytes: the objects of its two buffers, 320 to 460 B as measured on Node 20. */
const MESSAGE_OVERHEAD_BYTES = 512;

/** Messages that are sent at once. */
interface Batch {
  readonly channels: Buffer[];
  readonly payloads: Buffer[];
  bytes: number;
}

/** A queue of messages, counted whole. A payload that messages in a row share is kept, sent and counted once. */
export class Outbox {
  readonly #send: SendMessages;
  #waiting: Batch[] = [];
  #waitingBytes = 0;
  #isSending = false;
  /** Set while the worker is cut off. */
  #rejoined: ((dropped: number) => void) | undefined;
  #dropped = 0;
  #roomListeners: (() => void)[] = [];

  constructor(send: SendMessages) {
    this.#send = send;
  }

  get isFull(): boolean {
    return this.#waitingBytes >= MAX_WAITING_BYTES;
  }

  /** Whether the worker gets no more messages until it has caught up. */
  get isCutOff(): boolean {
    return this.#rejoined !== undefined;
  }

  /**
   * From now on messages are dropped, until half of what waits has gone.
   *
   * @param rejoined is called then, with the number of messages that were dropped, the server's own apart
   */
  cutOff(rejoined: (dropped: number) => void): void {
    this.#dropped = 0;
    this.#rejoined = rejoined;
  }

  /**
   * Adds a message. The buffers must not be changed afterwards.
   *
   * @returns false when it was dropped, since the worker is cut off
   */
  push(channel: Buffer, payload: Buffer): boolean {
    if (this.isCutOff) {
      if (!isOwn(channel)) this.#dropped++;
      return false;
    }
    const last = this.#waiting.at(-1);
    const isShared = last?.payloads.at(-1) === payload;
    const ownBytes = MESSAGE_OVERHEAD_BYTES + channel.byteLength;
    if (last !== undefined && hasRoom(last, isShared)) {
      const bytes = ownBytes + (isShared ? 0 : payload.byteLength);
      last.channels.push(channel);
      last.payloads.push(payload);
      last.bytes += bytes;
      this.#waitingBytes += bytes;
    } else {
      const bytes = ownBytes + payload.byteLength;
      this.#waiting.push({ channels: [channel], payloads: [payload], bytes });
      this.#waitingBytes += bytes;
    }
    if (!this.#isSending) {
      this.#isSending = true;
      // What is published in one turn of the loop goes in one batch: a write costs 50 µs, and wakes the worker.
      setImmediate(() => this.#sendNext());
    }
    return true;
  }

  /** Calls back once, as soon as the outbox is not full. */
  onceRoom(listener: () => void): void {
    this.#roomListeners.push(listener);
  }

  /** The worker has ended: what waits for it will not be sent. */
  close(): void {
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#tellRoom();
  }

  #sendNext(): void {
    const batch = this.#waiting.shift();
    this.#isSending = batch !== undefined;
    if (batch === undefined) return;
    this.#send(batch.channels, batch.payloads, () => {
      this.#waitingBytes = Math.max(0, this.#waitingBytes - batch.bytes);
      if (this.#waitingBytes <= REJOIN_BYTES) this.#rejoin();
      if (!this.isFull) this.#tellRoom();
      this.#sendNext();
    });
  }

  #rejoin(): void {
    this.#rejoined?.(this.#dropped);
    this.#rejoined = undefined;
  }

  #tellRoom(): void {
    const listeners = this.#roomListeners;
    this.#roomListeners = [];
    for (const listener of listeners) listener();
  }
}

/** One payload on many channels stays together, whatever its size: it is sent once. */
const hasRoom = ({ channels, bytes }: Batch, isShared: boolean): boolean =>
  channels.length < MAX_BATCH_MESSAGES && (isShared || bytes < MAX_BATCH_BYTES);
