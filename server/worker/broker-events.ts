// What a worker makes of its subscription: messages go to delivery, the primary learns of probes and of the state.
import type { BrokerState, OnMessage, SubscriptionEvents } from '../broker/broker.js';
import type { Tell } from '../ipc.js';
import type { Counters } from './counters.js';
import type { Delivery } from './delivery.js';

/** Takes what the subscription brings. */
export class BrokerEvents implements SubscriptionEvents {
  readonly onMessage: OnMessage;
  readonly #counters: Counters;
  readonly #tell: Tell;
  readonly #connected: () => void;
  #wasConnected = false;
  isConnected = false;

  /** @param connected is called each time that the broker is heard from then on */
  constructor(delivery: Delivery, counters: Counters, tell: Tell, connected: () => void) {
    this.onMessage = delivery.deliver;
    this.#counters = counters;
    this.#tell = tell;
    this.#connected = connected;
  }

  /** A probe holds the time at which it was published, on the clock that all processes of a machine share. */
  readonly onProbe = (payload: Buffer): void => {
    const delayNs = process.hrtime.bigint() - BigInt(payload.toString('latin1'));
    this.#counters.observeProbe(Number(delayNs) / 1e9);
    this.#tell({ kind: 'probe' });
  };

  readonly onState = (state: BrokerState): void => {
    this.isConnected = state.isConnected;
    if (state.isConnected && this.#wasConnected) this.#counters.brokerReconnects++;
    this.#wasConnected ||= state.isConnected;
    this.#tell({ kind: 'broker', state });
    if (state.isConnected) this.#connected();
  };
}
