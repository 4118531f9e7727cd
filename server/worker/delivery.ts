// From the broker to the members of a channel: each message is checked once, counted, and handed on as it came.
import { isUtf8 } from 'node:buffer';
import { isOwn, isReserved } from '../channel.js';
import type { FanOut } from './fan-out.js';

/** What delivery reports to. */
export interface DeliveryCounters {
  messagesReceived: number;
  messagesUnrouted: number;
  droppedTooBig: number;
  droppedReserved: number;
}

/** Takes the broker's messages. */
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
   * Delivers one message to every connection on its channel, before any message that is handed over later.
   *
   * @param channel bytes of the channel's name as the broker has it; names that cannot be channels have no members
   * @param payload goes out as a text message when it is valid UTF-8, else as a binary one; not copied
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
