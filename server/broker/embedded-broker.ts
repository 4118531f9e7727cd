// The broker without Redis: what is published over HTTP goes from the primary to every worker.

import type { ToWorker } from '../ipc.js';
import {
  type BrokerState,
  BrokerUnavailableError,
  type Publisher,
  type Subscription,
  type SubscriptionEvents,
} from './broker.js';

/** A worker as the embedded broker sees it. */
export interface Receiver {
  /** Bytes that were sent to the worker and not taken by it yet. */
  readonly backlogBytes: number;
  sendMessage(channel: Buffer, payload: Buffer): void;
}

/** Most bytes that may wait for a worker that does not keep up; beyond it, publishers are told to come back. */
const MAX_BACKLOG_BYTES = 64 * 1024 * 1024;

/** Publishes to every worker by way of its cluster channel. */
export class EmbeddedPublisher implements Publisher {
  readonly #probeChannel: string;
  readonly #receivers: () => Iterable<Receiver>;
  readonly state: BrokerState = { isConnected: true, reason: '' };

  /** @param receivers the workers that hold connections now */
  constructor(probeChannel: string, receivers: () => Iterable<Receiver>) {
    this.#probeChannel = probeChannel;
    this.#receivers = receivers;
  }

  start(): void {}

  stop(): void {}

  async publish(channel: string, payload: Buffer): Promise<void> {
    const receivers = [...this.#receivers()];
    if (receivers.length === 0) throw new BrokerUnavailableError('no worker is running');
    if (receivers.some(({ backlogBytes }) => backlogBytes > MAX_BACKLOG_BYTES)) {
      throw new BrokerUnavailableError('a worker is too far behind');
    }
    const channelBytes = Buffer.from(channel);
    for (const receiver of receivers) receiver.sendMessage(channelBytes, payload);
  }

  probe(payload: Buffer): Promise<void> {
    return this.publish(this.#probeChannel, payload);
  }
}

/** The worker's side: takes its messages from the channel to the primary. */
export class EmbeddedSubscription implements Subscription {
  readonly #probeChannel: Buffer;
  readonly #events: SubscriptionEvents;

  constructor(probeChannel: string, events: SubscriptionEvents) {
    this.#probeChannel = Buffer.from(probeChannel);
    this.#events = events;
  }

  start(): void {
    process.on('message', this.#take);
    this.#events.onState({ isConnected: true, reason: '' });
  }

  stop(): void {
    process.off('message', this.#take);
  }

  readonly #take = (message: ToWorker): void => {
    if (message.kind !== 'message') return;
    if (this.#probeChannel.equals(message.channel)) this.#events.onProbe(message.payload);
    else this.#events.onMessage(message.channel, message.payload);
  };
}
