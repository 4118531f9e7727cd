// A worker: builds its stages in order, listens, delivers, pings, and drains when it is told to.
import { AddressClaims } from '../access/address-claims.js';
import type { TokenVerifier } from '../access/token-verifier.js';
import type { Subscription, SubscriptionEvents } from '../broker/broker.js';
import { EmbeddedSubscription } from '../broker/embedded-broker.js';
import type { FromWorker, ToWorker } from '../ipc.js';
import { type Logger, standardErrorLogger } from '../logger.js';
import type { ServerOptions } from '../options/server-options.js';
import { certificateFiles } from '../tls/certificate.js';
import { Admission } from './admission.js';
import { loadBinding } from './binding.js';
import { type Connection, Connections, initialStateOf } from './connections.js';
import { connectionsLimit } from './connections-limit.js';
import { Delivery } from './delivery.js';
import { WorkerDrain } from './drain.js';
import { ExpiryWheel } from './expiry-slots.js';
import { FanOut } from './fan-out.js';
import { Gate } from './gate.js';
import { Listener } from './listener.js';
import { PingWheel } from './ping-wheel.js';
import { Pinger, tickOf } from './wheel-clock.js';
import { WorkerMetrics } from './worker-metrics.js';

/** Without pings the wheel looks for unread bytes only, and nobody waits for that. */
const UNHURRIED_TICK_MS = 500;
/** How long a new worker waits for the broker before it takes clients without it. */
const BROKER_GRACE_MS = 3000;
/** Tokens expire at a full second. */
const EXPIRY_LOOK_MS = 1000;

type Start = Extract<ToWorker, { kind: 'start' }>;
type RedisBroker = typeof import('../broker/redis-broker.js');

/** What is loaded only where an option asks for it: its code costs each worker time to start, and memory. */
interface Extras {
  readonly redis: RedisBroker | undefined;
  readonly verifier: TokenVerifier | undefined;
}

/** Runs this process as a worker: waits for the primary's orders and obeys them until it ends. */
export function runWorker(): void {
  let worker: Worker | undefined;
  // A terminal sends its signals to the whole process group; the primary decides what becomes of the workers.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => {});
  process.on('SIGHUP', () => {});
  // Without a primary nobody could stop this worker or see its metrics, and it would hold the ports.
  process.on('disconnect', () => process.exit(0));
  process.on('message', (message: ToWorker) => {
    if (message.kind !== 'start') return worker?.obey(message);
    void startWorker(message).then((started) => {
      worker = started;
    });
  });
  tell({ kind: 'hello' });
}

const tell = (message: FromWorker): void => {
  process.send?.(message);
};

async function startWorker(start: Start): Promise<Worker | undefined> {
  process.title = `10m-server worker ${start.number}`;
  const logger = standardErrorLogger(start.options.logLevel, { worker: start.number });
  process.on('uncaughtException', (error) => {
    logger.error('worker failed', { error: error.stack ?? error.message });
    process.exit(1);
  });
  try {
    return new Worker(start, await loadExtras(start.options), logger);
  } catch (error) {
    tell({ kind: 'failed', message: (error as Error).message });
    return undefined;
  }
}

async function loadExtras(options: ServerOptions): Promise<Extras> {
  const redis = options.redis === undefined ? undefined : await import('../broker/redis-broker.js');
  if (options.auth === 'none') return { redis, verifier: undefined };
  const { readTokenKey } = await import('../access/token-key.js');
  const { TokenVerifier } = await import('../access/token-verifier.js');
  return { redis, verifier: new TokenVerifier(readTokenKey(options)!) };
}

class Worker {
  readonly #logger: Logger;
  readonly #options: ServerOptions;
  readonly #metrics: WorkerMetrics;
  readonly #connections: Connections;
  readonly #pinger: Pinger;
  readonly #gate: Gate;
  readonly #delivery: Delivery;
  readonly #subscription: Subscription;
  readonly #listener: Listener;
  readonly #claims: AddressClaims | undefined;
  readonly #drain: WorkerDrain;
  readonly #limit: number;
  #isBrokerConnected = false;
  /** Set until this worker listens for the first time. */
  #brokerGrace: NodeJS.Timeout | undefined;
  #expiryTimer: NodeJS.Timeout | undefined;

  constructor({ number, options, probeChannel }: Start, { redis, verifier }: Extras, logger: Logger) {
    this.#logger = logger;
    this.#options = options;
    this.#metrics = new WorkerMetrics(
      {
        connections: () => this.#connections.size,
        stalled: () => this.#connections.stalled,
        channels: () => fanOut.channels,
        connectionsLimit: () => this.#limit,
        isBrokerConnected: () => this.#isBrokerConnected,
      },
      number,
    );
    const metrics = this.#metrics;

    const isPinging = options.pingInterval > 0;
    const pingType = isPinging ? options.pingType : 'off';
    const { tickMs, turnTicks } = isPinging
      ? tickOf(1000 * options.pingInterval)
      : tickOf(1000 * options.writeTimeout, UNHURRIED_TICK_MS);
    const ticksOf = (seconds: number) => Math.ceil((seconds * 1000) / tickMs);
    this.#connections = new Connections(
      {
        pings: new PingWheel<Connection>(turnTicks),
        expiries: verifier && new ExpiryWheel<Connection>(Date.now() / 1000),
      },
      metrics,
      {
        pingType,
        writeTimeoutTicks: ticksOf(options.writeTimeout),
        pongTimeoutTicks: ticksOf(options.pongTimeout),
      },
      logger,
    );
    const connections = this.#connections;
    this.#drain = new WorkerDrain(connections, () => void this.#end());
    this.#pinger = new Pinger({
      now: () => performance.now(),
      tickMs,
      turnTicks,
      serve: (tick) => connections.tick(tick),
      observeLag: (lagMs) => metrics.observePingLag(lagMs),
      observeDelay: (delayMs) => metrics.observeLoopDelay(delayMs),
    });

    if (options.maxConnectionsPerIp !== undefined) {
      this.#claims = new AddressClaims((changes) => tell({ kind: 'addresses', changes }));
    }
    const admission = new Admission(options, verifier, this.#claims);
    const certificate = certificateFiles(options);
    const listener = new Listener(
      loadBinding(logger),
      {
        host: options.host,
        ports: options.ports,
        tls: certificate && { ports: options.tlsPorts, certificate },
        maxBackpressureBytes: options.maxBackpressure,
        initialState: initialStateOf({
          pingsFrames: pingType === 'frame',
          expires: verifier !== undefined,
          countsAddresses: this.#claims !== undefined,
        }),
        admission,
      },
      {
        accepted: () => this.#gate.accepted(),
        left: () => this.#gate.left(),
        refused: ({ reason }) => metrics.countRejected(reason),
        opened(connection, channel, admitted) {
          connections.opened(connection, admitted);
          fanOut.join(connection, channel);
        },
        closed(connection, code, message) {
          connections.closed(connection, code, message);
          admission.release(connection.address ?? '');
        },
        dropped: connections.dropped,
        drained: connections.drained,
        heard: connections.heard,
        ponged: connections.ponged,
        subscriptionChanged: (...change) => fanOut.subscriptionChanged(...change),
      },
    );
    this.#listener = listener;
    const countDelivered = (deliveries: number) => {
      metrics.messagesDelivered += deliveries;
    };
    const fanOut = new FanOut(listener.topics, countDelivered, metrics.delivery);
    this.#delivery = new Delivery(fanOut, metrics, options.maxMessage);

    this.#limit = connectionsLimit(options, logger);
    this.#gate = new Gate({
      limit: this.#limit,
      open: () => listener.open(),
      close: () => listener.close(),
      later: setTimeout,
      changed: (isOpen, sockets) => this.#gateChanged(isOpen, sockets),
      reopenFailed: ({ message }) =>
        logger.error('there is room, but it is not possible to listen again', { error: message }),
    });
    this.#subscription = this.#subscribe(probeChannel, redis);
    this.#pinger.start();
    if (verifier !== undefined) this.#expiryTimer = setInterval(() => this.#closeExpired(), EXPIRY_LOOK_MS);
    this.#brokerGrace = setTimeout(() => this.#listen(), BROKER_GRACE_MS);
    this.#subscription.start();
  }

  obey(message: Exclude<ToWorker, Start>): void {
    switch (message.kind) {
      case 'message':
        if (this.#subscription instanceof EmbeddedSubscription) {
          this.#subscription.receive(message.channel, message.payload);
        }
        return;
      case 'collect':
        void this.#metrics
          .report(message.withProcess)
          .then((metrics) => tell({ kind: 'collected', request: message.request, metrics }));
        return;
      case 'claimed':
        this.#claims?.decided(message.verdicts);
        return;
      case 'renew':
        this.#renewCertificate();
        return;
      case 'shut':
        // At the end of this turn: by then the accept loop has emptied the queues, which closing would reset.
        setImmediate(() => {
          this.#gate.shut();
          tell({ kind: 'shut' });
        });
        return;
      case 'drain':
        this.#gate.shut();
        this.#drain.obey(message.order);
        return;
    }
  }

  /** Lets clients in: whoever came before the broker is heard would miss messages without a word. */
  #listen(): void {
    if (this.#brokerGrace === undefined) return;
    clearTimeout(this.#brokerGrace);
    this.#brokerGrace = undefined;
    try {
      this.#gate.start();
    } catch (error) {
      tell({ kind: 'failed', message: (error as Error).message });
    }
  }

  #subscribe(probeChannel: string, broker: RedisBroker | undefined): Subscription {
    const { redis, redisPattern } = this.#options;
    let wasConnected = false;
    const events: SubscriptionEvents = {
      onMessage: this.#delivery.deliver,
      onProbe: (payload) => this.#probed(payload),
      onState: (state) => {
        this.#isBrokerConnected = state.isConnected;
        if (state.isConnected && wasConnected) this.#metrics.brokerReconnects++;
        wasConnected ||= state.isConnected;
        tell({ kind: 'broker', state });
        if (state.isConnected) this.#listen();
      },
    };
    return broker === undefined || redis === undefined
      ? new EmbeddedSubscription(probeChannel, events)
      : new broker.RedisSubscription(redis, redisPattern, probeChannel, this.#logger, events);
  }

  /** A probe holds the time at which it was published, on the clock that all processes of a machine share. */
  #probed(payload: Buffer): void {
    const delayNs = process.hrtime.bigint() - BigInt(payload.toString('latin1'));
    this.#metrics.observeProbe(Number(delayNs) / 1e9);
    tell({ kind: 'probe' });
  }

  #gateChanged(isOpen: boolean, sockets: number): void {
    tell({ kind: 'gate', isOpen });
    if (isOpen) this.#logger.debug('listening', { sockets, limit: this.#limit });
    else this.#logger.warn('full: not accepting until there is room', { sockets, limit: this.#limit });
  }

  #closeExpired(): void {
    if (this.#connections.closeExpired(Date.now() / 1000)) setImmediate(() => this.#closeExpired());
  }

  #renewCertificate(): void {
    try {
      this.#listener.renewCertificate();
    } catch (error) {
      tell({ kind: 'notRenewed', message: (error as Error).message });
    }
  }

  async #end(): Promise<void> {
    this.#pinger.stop();
    clearInterval(this.#expiryTimer);
    this.#subscription.stop();
    const metrics = await this.#metrics.report(true);
    process.send?.({ kind: 'drained', metrics } satisfies FromWorker, () => process.exit(0));
  }
}
