// The broker without Redis: messages that are published over HTTP go from the primary to every worker.
import type { EventEmitter } from 'node:events';
import { isOwn } from '../channel.js';
import type { ToWorker } from '../ipc.js';
import type { Logger } from '../logger.js';
import {
  type BrokerState,
  BrokerUnavailableError,
  type Publisher,
  type Subscription,
  type SubscriptionEvents,
} from './broker.js';
import type { Outbox } from './outbox.js';

/** A worker as the embedded broker sees it. */
export interface Receiver {
  readonly number: number;
  readonly outbox: Outbox;
}

/** How long a publication waits for workers that do not keep up. */
const PATIENCE_MS = 2000;

const NOBODY_KEEPS_UP = 'no worker keeps up';

/**
 * Publishes to every worker by way of its cluster channel.
 *
 * A publication waits, in order, while the outbox of a worker is full. So publishers cannot be faster than the workers.
 * When a publication has waited too long, the broker leaves out the workers that are still full: they get no messages, and
 * nobody waits for them, until they have caught up. If all workers are that far behind, the publication fails.
 */
export class EmbeddedPublisher implements Publisher {
  readonly #probeChannel: string;
  readonly #receivers: () => readonly Receiver[];
  readonly #logger: Logger;
  readonly state: BrokerState = { isConnected: true, reason: '' };
  /** Settles together with the last publication in line. */
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  dropped = 0;

  /** @param receivers the workers that have connections, or may have some soon */
  constructor(probeChannel: string, receivers: () => readonly Receiver[], logger: Logger) {
    this.#probeChannel = probeChannel;
    this.#receivers = receivers;
    this.#logger = logger;
  }

  start(): void {}

  stop(): void {}

  async publish(channel: string, payload: Buffer): Promise<void> {
    const receivers = this.#receivers();
    if (this.#waiting === 0 && !receivers.some(isWaitedFor)) return this.#hand(receivers, channel, payload);
    const deadlineMs = performance.now() + PATIENCE_MS;
    const turn = this.#last.then(async () => {
      await this.#room(deadlineMs);
      this.#hand(this.#receivers(), channel, payload);
    });
    this.#waiting++;
    this.#last = turn.catch(() => {}).then(() => this.#waiting--);
    return turn;
  }

  probe(payload: Buffer): Promise<void> {
    return this.publish(this.#probeChannel, payload);
  }

  #hand(receivers: readonly Receiver[], channel: string, payload: Buffer): void {
    if (receivers.length === 0) throw new BrokerUnavailableError('no worker is running');
    if (receivers.every(({ outbox }) => outbox.isLeftOut)) throw new BrokerUnavailableError(NOBODY_KEEPS_UP);
    const channelBytes = Buffer.from(channel);
    for (const { outbox } of receivers) {
      if (!outbox.push(channelBytes, payload) && !isOwn(channelBytes)) this.dropped++;
    }
  }

  /** Waits until the outboxes have room. At the deadline, the broker leaves out the workers that have none. */
  async #room(deadlineMs: number): Promise<void> {
    for (;;) {
      const receivers = this.#receivers();
      const full = receivers.filter(isWaitedFor);
      if (full.length === 0) return;
      const leftMs = deadlineMs - performance.now();
      if (leftMs > 0) await room(full[0]!.outbox, leftMs);
      else if (receivers.every(isBehind)) throw new BrokerUnavailableError(NOBODY_KEEPS_UP);
      else for (const receiver of full) this.#leaveOut(receiver);
    }
  }

  #leaveOut({ number: worker, outbox }: Receiver): void {
    this.#logger.error('worker does not keep up: it gets no messages until it has caught up', { worker });
    outbox.leaveOut((dropped) => this.#logger.warn('worker has caught up', { worker, dropped }));
  }
}

const isWaitedFor = ({ outbox }: Receiver): boolean => outbox.isFull && !outbox.isLeftOut;
const isBehind = ({ outbox }: Receiver): boolean => outbox.isFull || outbox.isLeftOut;

/** Settles once the outbox has room, or once the time is over. */
function room(outbox: Outbox, leftMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, leftMs);
    outbox.onceRoom(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** The worker's side: receives its messages, in batches, over the cluster channel from the primary. */
export class EmbeddedSubscription implements Subscription {
  readonly #probeChannel: Buffer;
  readonly #events: SubscriptionEvents;
  readonly #fromPrimary: Pick<EventEmitter, 'on' | 'off'>;

  /** @param fromPrimary emits `message` */
  constructor(
    probeChannel: string,
    events: SubscriptionEvents,
    fromPrimary: Pick<EventEmitter, 'on' | 'off'> = process,
  ) {
    this.#probeChannel = Buffer.from(probeChannel);
    this.#events = events;
    this.#fromPrimary = fromPrimary;
  }

  start(): void {
    this.#fromPrimary.on('message', this.#take);
    this.#events.onState({ isConnected: true, reason: '' });
  }

  stop(): void {
    this.#fromPrimary.off('message', this.#take);
  }

  readonly #take = (message: ToWorker): void => {
    if (message.kind !== 'messages') return;
    for (const [i, channel] of message.channels.entries()) {
      const payload = message.payloads[i]!;
      if (this.#probeChannel.equals(channel)) this.#events.onProbe(payload);
      else this.#events.onMessage(channel, payload);
    }
  };
}
