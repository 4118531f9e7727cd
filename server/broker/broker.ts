// What the server needs of a broker: publishers hand messages in, in the primary; every worker gets every message.

/** Gets each message as bytes, in the order of the broker. The buffers are the receiver's to keep. */
export type OnMessage = (channel: Buffer, payload: Buffer) => void;

/** Whether messages can flow, and why not. */
export interface BrokerState {
  /** Messages flow: a worker receives what is published, or the publisher may publish. */
  readonly isConnected: boolean;
  /** One line for an operator: why messages do not flow, or what is wrong although they do; empty when all is well. */
  readonly reason: string;
  /** Of a publisher: whether Redis there is a master. Absent while that is not known, and without Redis. */
  readonly isMaster?: boolean | undefined;
}

/** The side of the broker in a worker: it delivers everything that is published, and the probes. */
export interface Subscription {
  start(): void;
  stop(): void;
}

/** What a subscription reports to. */
export interface SubscriptionEvents {
  onMessage: OnMessage;
  /** Something has come on the channel of this server's probes. Anyone may have published it: see `ProbeReader`. */
  onProbe(payload: Buffer): void;
  /** The state has changed; the first call tells the first state. */
  onState(state: BrokerState): void;
  /** A subscription that was lost has been replaced; what was published in between has not come. */
  onReplaced(): void;
}

/** The broker cannot take a message now; nothing was delivered, or it is not known whether it was. */
export class BrokerUnavailableError extends Error {
  readonly code = 'BROKER_UNAVAILABLE';
}

/** The side of the broker in the primary. */
export interface Publisher {
  readonly state: BrokerState;
  /** Messages that were not sent to a worker because it does not keep up, counted once per worker. Probes do not count. */
  readonly dropped: number;
  start(): void;
  stop(): void;
  /**
   * Hands a message to the broker.
   *
   * @throws {BrokerUnavailableError} when it cannot take it
   */
  publish(channel: string, payload: Buffer): Promise<void>;
  /**
   * Publishes one of this server's probes. What becomes of it tells `state` whether publishing works.
   *
   * @throws {Error} when the probe was not published, or may not have been
   */
  probe(payload: Buffer): Promise<void>;
}
