// The broker that is Redis Pub/Sub: PUBLISH in the primary, one PSUBSCRIBE connection in each worker.
import { createClient } from 'redis';
import type { Logger } from '../logger.js';
import {
  type BrokerState,
  BrokerUnavailableError,
  type Publisher,
  type Subscription,
  type SubscriptionEvents,
} from './broker.js';

/** A connection on which nothing happens for this long, not even a probe, is made anew. */
const SILENCE_MS = 8000;
/** Longest wait for a connection to be made, and for a PUBLISH to be answered. */
const ANSWER_TIMEOUT_MS = 5000;
const MIN_BACKOFF_MS = 50;
const MAX_BACKOFF_MS = 2000;

/** How long to wait before the next attempt: exponential, with full jitter, so that servers do not come back in step. */
export function backoffMs(attempt: number, random: () => number): number {
  const ceiling = Math.min(MAX_BACKOFF_MS, MIN_BACKOFF_MS * 2 ** attempt);
  return Math.ceil(MIN_BACKOFF_MS / 2 + random() * ceiling);
}

type Client = ReturnType<typeof createClient>;

/** A Redis connection that comes back by itself, and says so once per change. */
class Link {
  readonly client: Client;
  state: BrokerState = { isConnected: false, reason: 'not connected yet' };
  readonly #name: string;
  readonly #logger: Logger;
  readonly #onState: (state: BrokerState) => void;
  #hasFailed = false;

  constructor(name: string, url: string, logger: Logger, onState: (state: BrokerState) => void) {
    this.#name = name;
    this.#logger = logger;
    this.#onState = onState;
    this.client = createClient({
      url,
      RESP: 2,
      disableOfflineQueue: true,
      socket: {
        connectTimeout: ANSWER_TIMEOUT_MS,
        socketTimeout: SILENCE_MS,
        reconnectStrategy: (attempt) => backoffMs(attempt, Math.random),
      },
    }) as Client;
    this.client.on('error', (error: Error) => this.failed(error));
  }

  /** Connects, and keeps trying; `prepare` runs once the first connection stands. */
  start(prepare: () => Promise<void>): void {
    let isPrepared = false;
    this.client.on('ready', async () => {
      try {
        if (!isPrepared) await prepare();
        isPrepared = true;
        this.#connected();
      } catch (error) {
        this.failed(error as Error);
      }
    });
    this.#connect();
  }

  /** Tears down a connection that takes what is written and answers nothing, and makes it anew. */
  renew(error: Error): void {
    if (!this.client.isReady) return;
    this.failed(error);
    // Rejects everything that waits for an answer. The socket's own timeout would not do: writing puts it off.
    this.client.destroy();
    this.#connect();
  }

  stop(): void {
    if (this.client.isOpen) this.client.destroy();
  }

  failed(error: Error): void {
    const reason = error.message || ((error as NodeJS.ErrnoException).code ?? error.name);
    if (this.#hasFailed || !this.client.isOpen) {
      this.state = { isConnected: false, reason };
      return;
    }
    this.#hasFailed = true;
    this.#logger.warn(`broker ${this.#name} lost, trying again`, { reason });
    this.#change({ isConnected: false, reason });
  }

  #connect(): void {
    this.client.connect().catch((error: Error) => this.failed(error));
  }

  #connected(): void {
    this.#logger.info(`broker ${this.#name} connected`);
    this.#hasFailed = false;
    this.#change({ isConnected: true, reason: '' });
  }

  #change(state: BrokerState): void {
    this.state = state;
    this.#onState(state);
  }
}

/** The worker's side: messages stay buffers from the socket to the connections. */
export class RedisSubscription implements Subscription {
  readonly #link: Link;
  readonly #pattern: string;
  readonly #probeChannel: string;
  readonly #events: SubscriptionEvents;

  constructor(
    url: string,
    pattern: string,
    probeChannel: string,
    logger: Logger,
    events: SubscriptionEvents,
  ) {
    this.#link = new Link('subscription', url, logger, (state) => events.onState(state));
    this.#pattern = pattern;
    this.#probeChannel = probeChannel;
    this.#events = events;
  }

  start(): void {
    this.#events.onState(this.#link.state);
    const { onMessage, onProbe } = this.#events;
    const { client } = this.#link;
    this.#link.start(async () => {
      await client.pSubscribe(this.#pattern, (payload, channel) => onMessage(channel, payload), true);
      await client.subscribe(this.#probeChannel, (payload) => onProbe(payload), true);
    });
  }

  stop(): void {
    this.#link.stop();
  }
}

/** The primary's side. */
export class RedisPublisher implements Publisher {
  readonly #link: Link;

  constructor(url: string, logger: Logger) {
    this.#link = new Link('publisher', url, logger, () => {});
  }

  get state(): BrokerState {
    return this.#link.state;
  }

  start(): void {
    this.#link.start(async () => {});
  }

  stop(): void {
    this.#link.stop();
  }

  async publish(channel: string, payload: Buffer): Promise<void> {
    if (!this.state.isConnected) throw new BrokerUnavailableError(`Redis: ${this.state.reason}`);
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        const error = new Error(`no answer within ${ANSWER_TIMEOUT_MS} ms`);
        reject(error);
        this.#link.renew(error);
      }, ANSWER_TIMEOUT_MS);
    });
    try {
      await Promise.race([this.#link.client.publish(channel, payload), deadline]);
    } catch (error) {
      throw new BrokerUnavailableError(`Redis: ${(error as Error).message}`, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }
}
