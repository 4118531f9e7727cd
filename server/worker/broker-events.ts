// Handles what a worker's subscription brings: messages go to delivery; probes and state changes go to the primary.
import type { BrokerState, OnMessage, SubscriptionEvents } from '../broker/broker.js';
import { type ProbeIdentity, ProbeReader } from '../broker/probe.js';
import type { Tell } from '../ipc.js';
import type { Counters } from './counters.js';
import type { Delivery } from './delivery.js';

/** Receives the events of the subscription. */
export class BrokerEvents implements SubscriptionEvents {
  readonly onMessage: OnMessage;
  readonly #probes: ProbeReader;
  readonly #counters: Counters;
  readonly #tell: Tell;
  readonly #connected: () => void;
  isConnected = false;

  /** @param connected is called each time the subscription connects */
  constructor(
    probes: ProbeIdentity,
    delivery: Delivery,
    counters: Counters,
    tell: Tell,
    connected: () => void,
  ) {
    this.#probes = new ProbeReader(probes);
    this.onMessage = delivery.deliver;
    this.#counters = counters;
    this.#tell = tell;
    this.#connected = connected;
  }

  readonly onProbe = (payload: Buffer): void => {
    const publishedNs = this.#probes.read(payload);
    if (publishedNs === undefined) return;
    this.#counters.observeProbe(Number(process.hrtime.bigint() - publishedNs) / 1e9);
    this.#tell({ kind: 'probe', publishedNs, tally: this.#counters.tally });
  };

  readonly onState = (state: BrokerState): void => {
    this.isConnected = state.isConnected;
    this.#tell({ kind: 'broker', state });
    if (state.isConnected) this.#connected();
  };

  readonly onReplaced = (): void => {
    this.#counters.brokerReconnects++;
  };
}
