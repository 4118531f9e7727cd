// Reports each change of the state of one side of the broker once: to the log, and to a handler.
import type { Logger } from '../logger.js';
import type { BrokerState } from './broker.js';

/** The state, and what has been logged about it. */
export class StateReport {
  state: BrokerState = { isConnected: false, reason: 'not connected yet' };
  readonly #name: string;
  readonly #logger: Logger;
  readonly #onState: (state: BrokerState) => void;
  /** Reasons that were logged since everything last worked. */
  readonly #told = new Set<string>();

  /** @param name the name of the side, for the log */
  constructor(name: string, logger: Logger, onState: (state: BrokerState) => void) {
    this.#name = name;
    this.#logger = logger;
    this.#onState = onState;
  }

  /** @param problem the log message if something is wrong; each reason is logged once */
  change(state: BrokerState, problem: string): void {
    const { isConnected, reason, isMaster } = this.state;
    if (state.isConnected === isConnected && state.reason === reason && state.isMaster === isMaster) return;
    this.state = state;
    if (state.reason === '') {
      this.#told.clear();
      if (reason !== '') this.#logger.info(`broker ${this.#name} connected`);
    } else if (!this.#told.has(state.reason)) {
      this.#told.add(state.reason);
      this.#logger.warn(`broker ${this.#name} ${problem}`, { reason: state.reason });
    }
    this.#onState(state);
  }
}
