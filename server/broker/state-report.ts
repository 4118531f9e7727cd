// Tells the state of one side of the broker once per change: to the log, and to whoever follows it.
import type { Logger } from '../logger.js';
import type { BrokerState } from './broker.js';

/** The state, and what was said of it. */
export class StateReport {
  state: BrokerState = { isConnected: false, reason: 'not connected yet' };
  readonly #name: string;
  readonly #logger: Logger;
  readonly #onState: (state: BrokerState) => void;
  /** Reasons that were logged since all was well last. */
  readonly #told = new Set<string>();

  /** @param name of the side, for the log */
  constructor(name: string, logger: Logger, onState: (state: BrokerState) => void) {
    this.#name = name;
    this.#logger = logger;
    this.#onState = onState;
  }

  /** @param problem the log's words, should something be wrong; each reason is logged once */
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
