// The worker's side of Redis Pub/Sub: messages stay buffers from the socket to the connections.
import { setTimeout as sleep } from 'node:timers/promises';
import { OWN_PREFIX } from '../channel.js';
import { backoffMs } from '../command/backoff.js';
import type { Logger } from '../logger.js';
import type { BrokerState, Subscription, SubscriptionEvents } from './broker.js';
import type { RedisClient } from './redis-client.js';
import { isNoPermission, refusalOf } from './redis-fault.js';
import { RedisLink } from './redis-link.js';

/** How long to wait before a subscription that the user's rights forbid is tried again. */
const REFUSAL_BACKOFF = { firstMs: 250, maxMs: 5000 };
/** The log has at most one line in this time about messages that could not be handled. */
const FAULT_LINE_MS = 10_000;

/** Receives every message that matches a pattern, and this server's probes. */
export class RedisSubscription implements Subscription {
  readonly #link: RedisLink;
  readonly #pattern: string;
  readonly #probeChannel: string;
  readonly #logger: Logger;
  readonly #events: SubscriptionEvents;
  /** The connection that the messages last came from. */
  #subscribed: RedisClient | undefined;
  #faults = 0;
  #faultsToldMs = Number.NEGATIVE_INFINITY;

  constructor(
    url: string,
    pattern: string,
    probeChannel: string,
    logger: Logger,
    events: SubscriptionEvents,
  ) {
    this.#pattern = pattern;
    this.#probeChannel = probeChannel;
    this.#logger = logger;
    this.#events = events;
    this.#link = new RedisLink({
      name: 'subscription',
      url,
      logger,
      setUp: (client) => this.#setUp(client),
      complaint: 'is refused, trying again',
      onState: (state, client) => this.#stateChanged(state, client),
    });
  }

  start(): void {
    this.#events.onState(this.#link.state);
    this.#link.start();
  }

  stop(): void {
    this.#link.stop();
  }

  async #setUp(client: RedisClient): Promise<BrokerState> {
    const { onMessage, onProbe } = this.#events;
    const probes = new SubscribeCommand(`+subscribe &${OWN_PREFIX}*`, () =>
      client.subscribe(
        this.#probeChannel,
        this.#guarded((payload) => this.#link.heard(client) && onProbe(payload)),
        true,
      ),
    );
    const messages = new SubscribeCommand(`+psubscribe &${this.#pattern}`, () =>
      client.pSubscribe(
        this.#pattern,
        this.#guarded((payload, channel) => {
          // The first message may come together with the answer to the command, before `setUp` knows of it.
          if (this.#link.heard(client) || this.#link.takeOver(client)) onMessage(channel, payload);
        }),
        true,
      ),
    );
    const state = await subscribe(probes, messages);
    if (state.reason !== '') void this.#tryAgain(client, probes, messages);
    return state;
  }

  /** Retries a refused subscription until it is granted. A granted one is left alone. */
  async #tryAgain(client: RedisClient, probes: SubscribeCommand, messages: SubscribeCommand): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      await sleep(backoffMs(attempt, REFUSAL_BACKOFF, Math.random), undefined, { ref: false });
      if (!this.#link.isInUse(client)) return;
      try {
        const state = await subscribe(probes, messages);
        this.#link.judged(client, state);
        if (state.reason === '') return;
      } catch (error) {
        this.#link.lost(client, error as Error);
        return;
      }
    }
  }

  #stateChanged(state: BrokerState, client: RedisClient | undefined): void {
    if (state.isConnected && this.#subscribed !== client) {
      if (this.#subscribed !== undefined) this.#events.onReplaced();
      this.#subscribed = client;
    }
    this.#events.onState(state);
  }

  /** Catches exceptions: one that reached the reader of the Redis client would leave a connection that delivers nothing. */
  #guarded(receive: (payload: Buffer, channel: Buffer) => void) {
    return (payload: Buffer, channel: Buffer): void => {
      try {
        receive(payload, channel);
      } catch (error) {
        this.#failed(error as Error);
      }
    };
  }

  #failed(error: Error): void {
    this.#faults++;
    if (performance.now() - this.#faultsToldMs < FAULT_LINE_MS) return;
    this.#faultsToldMs = performance.now();
    this.#logger.error('messages could not be handled', {
      error: error.stack ?? error.message,
      messages: this.#faults,
    });
  }
}

/** One of the two subscriptions. The user's rights may forbid it. */
class SubscribeCommand {
  readonly #right: string;
  readonly #send: () => Promise<unknown>;
  isGranted = false;
  /** Why it was refused, and the right that is missing; empty once it is granted. */
  refusal = '';

  constructor(right: string, send: () => Promise<unknown>) {
    this.#right = right;
    this.#send = send;
  }

  /** @throws {Error} any error except a refusal because of the user's rights */
  async ask(): Promise<void> {
    if (this.isGranted) return;
    try {
      await this.#send();
      this.isGranted = true;
      this.refusal = '';
    } catch (error) {
      if (!isNoPermission(error)) throw error;
      this.refusal = refusalOf(error, this.#right);
    }
  }
}

/** Messages come last: once Redis answers, this connection replaces the previous one. */
async function subscribe(probes: SubscribeCommand, messages: SubscribeCommand): Promise<BrokerState> {
  await probes.ask();
  await messages.ask();
  return { isConnected: messages.isGranted, reason: messages.refusal || probes.refusal };
}
