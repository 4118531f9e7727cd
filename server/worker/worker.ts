// A worker: its stages, built in the order in which a connection and a message pass them.
import { AddressClaims } from '../access/address-claims.js';
import type { TokenVerifier } from '../access/token-verifier.js';
import type { Subscription, SubscriptionEvents } from '../broker/broker.js';
import type { DrainOrder, StartOrder, Tell } from '../ipc.js';
import type { Logger } from '../logger.js';
import type { Tally, WorkerReport } from '../metrics/worker-report.js';
import type { ShownCertificate } from '../tls/certificate-renewal.js';
import { Admission } from './admission.js';
import { AppTopics } from './app-topics.js';
import { loadBinding } from './binding.js';
import { BrokerEvents } from './broker-events.js';
import { type Connection, Connections, initialStateOf } from './connections.js';
import { connectionsLimit } from './connections-limit.js';
import { Counters } from './counters.js';
import { Delivery } from './delivery.js';
import { WorkerDrain } from './drain.js';
import { ExpirySlots } from './expiry-slots.js';
import { FanOut } from './fan-out.js';
import { HalfOpenSockets } from './half-open-sockets.js';
import { Listener } from './listener.js';
import { PingWheel } from './ping-wheel.js';
import { Reporter } from './reporter.js';
import { mostQueuedBytes } from './slow-readers.js';
import { WheelClock, wheelTimes } from './wheel-clock.js';

/** How long a new worker waits for the broker before it takes clients without it. */
const BROKER_GRACE_MS = 3000;
/** Tokens expire at a full second. */
const EXPIRY_LOOK_MS = 1000;

/** The parts that are loaded only if the options need them. */
export interface Extras {
  readonly subscribe: (events: SubscriptionEvents) => Subscription;
  /** Only if tokens are required. */
  readonly verifier: TokenVerifier | undefined;
}

/** The stages of a worker, and what the primary can order it to do. */
export class Worker {
  /** Only if connections per address are limited. */
  readonly claims: AddressClaims | undefined;
  readonly #tell: Tell;
  readonly #counters = new Counters();
  readonly #connections: Connections;
  readonly #listener: Listener;
  readonly #subscription: Subscription;
  readonly #clock: WheelClock;
  readonly #reporter: Reporter;
  readonly #drain: WorkerDrain;
  /** Set until this worker listens for the first time. */
  #brokerGrace: NodeJS.Timeout | undefined;
  #expiryTimer: NodeJS.Timeout | undefined;

  /** @throws {Error} with one line for the operator, if this worker cannot serve */
  constructor(start: StartOrder, { subscribe, verifier }: Extras, tell: Tell, logger: Logger) {
    const { options } = start;
    const counters = this.#counters;
    this.#tell = tell;
    const topics = new AppTopics();
    const times = wheelTimes(options);
    const connections = new Connections(
      {
        pings: new PingWheel<Connection>(times.turnTicks),
        expiries: verifier && new ExpirySlots<Connection>(performance.now() / 1000),
      },
      counters,
      {
        ...times,
        writeTimeoutMs: 1000 * options.writeTimeout,
        maxBackpressureBytes: options.maxBackpressure,
      },
      logger,
    );
    this.#connections = connections;
    const fanOut = new FanOut(topics, connections.slowReaders, counters);
    if (options.maxConnectionsPerIp !== undefined) {
      this.claims = new AddressClaims((changes) => tell({ kind: 'addresses', changes }));
    }
    const initialState = initialStateOf({
      pingsFrames: times.pingType === 'frame',
      expires: verifier !== undefined,
      countsAddresses: this.claims !== undefined,
    });
    const admission = new Admission(options, verifier, this.claims);
    const halfOpen = new HalfOpenSockets(options, counters, logger);
    const socketsLimit = connectionsLimit(options, logger);
    this.#listener = new Listener(
      loadBinding(logger, options.maxHeader),
      {
        ...options,
        maxQueuedBytes: mostQueuedBytes(options.maxBackpressure, options.maxMessage),
        socketsLimit,
        initialState,
      },
      { topics, fanOut, connections, halfOpen, admission, counters },
      (isOpen) => tell({ kind: 'gate', isOpen }),
      logger,
    );
    this.#tellCertificate(this.#listener.shownCertificate);
    const delivery = new Delivery(fanOut, counters, options.maxMessage);
    const events = new BrokerEvents(start.probes, delivery, counters, tell, () => this.#listen());
    this.#subscription = subscribe(events);
    this.#clock = new WheelClock({
      ...times,
      now: () => performance.now(),
      serve: (tick) => connections.tick(tick),
      observeLag: (lagMs) => counters.observePingLag(lagMs),
      observeDelay: (delayMs) => counters.observeLoopDelay(delayMs),
    });
    this.#reporter = new Reporter({ counters, connections, fanOut, events, socketsLimit });
    this.#drain = new WorkerDrain(connections, () => void this.#end());
    this.#clock.start();
    if (verifier !== undefined) this.#expiryTimer = setInterval(() => this.#closeExpired(), EXPIRY_LOOK_MS);
    this.#brokerGrace = setTimeout(() => this.#listen(), BROKER_GRACE_MS);
    this.#subscription.start();
  }

  get tally(): Tally {
    return this.#counters.tally;
  }

  report(withProcess: boolean): Promise<WorkerReport> {
    return this.#reporter.report(withProcess);
  }

  /** Uses the certificate that is now on disk for new connections. If it cannot be used, the old one stays. */
  renewCertificate(): void {
    try {
      this.#tellCertificate(this.#listener.renewCertificate());
    } catch (error) {
      this.#tell({ kind: 'notRenewed', message: (error as Error).message });
    }
  }

  /** Stops listening for good. Connections stay open. */
  shut(): void {
    this.#listener.shut();
  }

  /** Closes all connections as ordered, then ends the process. */
  drain(order: DrainOrder): void {
    this.#listener.shut();
    this.#drain.obey(order);
  }

  /** Starts to listen. Clients that connected before the subscription would miss messages without knowing. */
  #listen(): void {
    if (this.#brokerGrace === undefined) return;
    clearTimeout(this.#brokerGrace);
    this.#brokerGrace = undefined;
    try {
      this.#listener.start();
    } catch (error) {
      this.#tell({ kind: 'failed', message: (error as Error).message });
    }
  }

  #tellCertificate(shown: ShownCertificate | undefined): void {
    if (shown !== undefined) this.#tell({ kind: 'certificate', shown });
  }

  #closeExpired(): void {
    if (this.#connections.closeExpired()) setImmediate(() => this.#closeExpired());
  }

  async #end(): Promise<void> {
    this.#clock.stop();
    clearInterval(this.#expiryTimer);
    this.#subscription.stop();
    const report = await this.#reporter.report(true);
    this.#tell({ kind: 'drained', report }, () => process.exit(0));
  }
}
