// What the server needs from a broker: the primary publishes messages, and every worker gets every message.

/** Gets each message as bytes, in the order of the broker. The receiver may keep the buffers. */
export type OnMessage = (channel: Buffer, payload: Buffer) => void;

/** Whether messages can flow, and why not. */
export interface BrokerState {
  /** Whether messages flow: a worker receives what is published, or the publisher can publish. */
  readonly isConnected: boolean;
  /** One line for an operator: why messages do not flow, or what is wrong although they do; empty when all is well. */
  readonly reason: string;
  /** For a publisher: whether its Redis is a master. Absent while that is not known, and without Redis. */
  readonly isMaster?: boolean | undefined;
}

/** The worker's side of the broker: it receives everything that is published, and the probes. */
export interface Subscription {
  start(): void;
  stop(): void;
}

/** The handlers of a subscription. */
export interface SubscriptionEvents {
  onMessage: OnMessage;
  /** A message has arrived on this server's probe channel. Anyone may have published it: see `ProbeReader`. */
  onProbe(payload: Buffer): void;
  /** The state has changed. The first call reports the first state. */
  onState(state: BrokerState): void;
  /** A lost subscription has been replaced. Messages that were published in between are lost. */
  onReplaced(): void;
}

/** The broker cannot take a message now. The message was not delivered, or it is not known whether it was. */
export class BrokerUnavailableError extends Error {
  readonly code = 'BROKER_UNAVAILABLE';
}

/** The primary's side of the broker. */
export interface Publisher {
  readonly state: BrokerState;
  /** Messages that were not sent to a worker because it does not keep up, counted once per worker. Probes do not count. */
  readonly dropped: number;
  start(): void;
  stop(): void;
  /**
   * Hands a message to the broker.
   *
   * @throws {BrokerUnavailableError} if the broker cannot take the message
   */
  publish(channel: string, payload: Buffer): Promise<void>;
  /**
   * Publishes one of this server's probes. The result updates `state`.
   *
   * @throws {Error} if the probe was not published, or may not have been
   */
  probe(payload: Buffer): Promise<void>;
}
