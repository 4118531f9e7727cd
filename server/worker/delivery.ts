// Takes messages from the broker to the members of a channel. Each one is checked once, counted, and passed on unchanged.
import { isUtf8 } from 'node:buffer';
import { isOwn, isReserved } from '../channel.js';
import type { FanOut } from './fan-out.js';

/** The counters that delivery writes. */
export interface DeliveryCounters {
  messagesReceived: number;
  messagesUnrouted: number;
  droppedTooBig: number;
  droppedReserved: number;
}

/** Delivers the broker's messages. */
export class Delivery {
  readonly #fanOut: FanOut;
  readonly #counters: DeliveryCounters;
  readonly #maxMessageBytes: number;

  constructor(fanOut: FanOut, counters: DeliveryCounters, maxMessageBytes: number) {
    this.#fanOut = fanOut;
    this.#counters = counters;
    this.#maxMessageBytes = maxMessageBytes;
  }

  /**
   * Delivers one message to every connection on its channel. Messages are delivered in the order of the calls.
   *
   * @param channel the channel's name in bytes, as the broker has it; an invalid name has no members
   * @param payload is not copied; it is sent as a text message if it is valid UTF-8, else as a binary message
   */
  readonly deliver = (channel: Buffer, payload: Buffer): void => {
    if (isReserved(channel)) {
      if (!isOwn(channel)) this.#counters.droppedReserved++;
      return;
    }
    this.#counters.messagesReceived++;
    if (payload.byteLength > this.#maxMessageBytes) {
      this.#counters.droppedTooBig++;
      return;
    }
    if (!this.#fanOut.publish(channel, payload, !isUtf8(payload))) this.#counters.messagesUnrouted++;
  };
}
