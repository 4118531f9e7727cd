// What the server needs of a broker: publishers hand messages in, in the primary; every worker gets every message.

/** Gets each message as bytes, in the order of the broker. The buffers are the receiver's to keep. */
export type OnMessage = (channel: Buffer, payload: Buffer) => void;

/** Whether messages can flow, and why not. */
export interface BrokerState {
  readonly isConnected: boolean;
  /** One line for an operator; empty while connected. */
  readonly reason: string;
}

/** The side of the broker in a worker: it delivers everything that is published, and the probes. */
export interface Subscription {
  start(): void;
  stop(): void;
}

/** What a subscription reports to. */
export interface SubscriptionEvents {
  onMessage: OnMessage;
  /** A probe that the primary of this server published has arrived. */
  onProbe(payload: Buffer): void;
  /** The state has changed; the first call tells the first state. */
  onState(state: BrokerState): void;
}

/** The broker cannot take a message now; nothing was delivered, or it is not known whether it was. */
export class BrokerUnavailableError extends Error {
  readonly code = 'BROKER_UNAVAILABLE';
}

/** The side of the broker in the primary. */
export interface Publisher {
  readonly state: BrokerState;
  start(): void;
  stop(): void;
  /**
   * Hands a message to the broker.
   *
   * @throws {BrokerUnavailableError} when it cannot take it
   */
  publish(channel: string, payload: Buffer): Promise<void>;
}

/** The channel of one server's probes; reserved, so that no client and no publisher can use it. */
export const probeChannelOf = (instance: string): string => `$10m/probe/${instance}`;
