// The messages that wait in the primary for one worker. They go over its cluster channel in batches, one batch at a time.

import { isOwn } from '../channel.js';

/** Sends messages, and calls `sent` once the kernel has all of them. */
export type SendMessages = (
  channels: readonly Buffer[],
  payloads: readonly Buffer[],
  sent: () => void,
) => void;

/** An outbox with as many bytes is full. */
export const MAX_WAITING_BYTES = 64 * 1024 * 1024;
/** A worker that was left out gets messages again once no more bytes than this wait for it. */
const REJOIN_BYTES = MAX_WAITING_BYTES / 2;
/** Largest batch. A worker keeps a whole batch in memory for as long as one of its messages waits there. */
const MAX_BATCH_BYTES = 64 * 1024;
const MAX_BATCH_MESSAGES = 1000;
/** What a message takes besides its bytes: the objects of its two buffers, measured as 320 to 460 B on Node 20. */
const MESSAGE_OVERHEAD_BYTES = 512;

/** Messages that are sent together. */
interface Batch {
  readonly channels: Buffer[];
  readonly payloads: Buffer[];
  bytes: number;
}

/** A queue that counts all memory of its messages. A payload that several messages in a row share counts once, and is sent once. */
export class Outbox {
  readonly #send: SendMessages;
  #waiting: Batch[] = [];
  #waitingBytes = 0;
  #isSending = false;
  /** Set while the worker is left out. */
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
  get isLeftOut(): boolean {
    return this.#rejoined !== undefined;
  }

  /**
   * Drops all further messages until half of the outbox is empty.
   *
   * @param rejoined is called then, with the number of dropped messages; those of the server itself do not count
   */
  leaveOut(rejoined: (dropped: number) => void): void {
    this.#dropped = 0;
    this.#rejoined = rejoined;
  }

  /**
   * Adds a message. The buffers must not be changed afterwards.
   *
   * @returns false if the message was dropped, because the worker is left out
   */
  push(channel: Buffer, payload: Buffer): boolean {
    if (this.isLeftOut) {
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
      // One batch for all messages of an event-loop turn: a write takes 50 µs, and wakes the worker.
      setImmediate(() => this.#sendNext());
    }
    return true;
  }

  /** Calls the listener once, as soon as the outbox is not full. */
  onceRoom(listener: () => void): void {
    this.#roomListeners.push(listener);
  }

  /** The worker has ended: its messages are discarded. */
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

/** A payload for many channels stays in one batch, regardless of its size, so that it is sent once. */
const hasRoom = ({ channels, bytes }: Batch, isShared: boolean): boolean =>
  channels.length < MAX_BATCH_MESSAGES && (isShared || bytes < MAX_BATCH_BYTES);
