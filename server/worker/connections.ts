// The live connections of a worker: opens them, pings them, finds the slow and silent ones, closes them, and counts why.
import type { WebSocket } from 'uWebSockets.js';
import { type CloseReason, closeCodes } from '../codes.js';
import type { Logger } from '../logger.js';
import type { Admitted } from './admission.js';
import type { ExpiringItem, ExpirySlots } from './expiry-slots.js';
import { FloodGuard } from './flood-guard.js';
import type { PingWheel, WheelItem } from './ping-wheel.js';
import { SlowReaders } from './slow-readers.js';

/**
 * The state of each connection: own properties of the uWS object, 8 bytes each in a store of 64. Times are tick numbers
 * that begin at 1; 0 means none.
 */
export interface ConnectionState extends WheelItem, ExpiringItem {
  /** When it was opened, in tenths of a second since the process started. */
  openedAt: number;
  /** Tick of the oldest ping frame without a pong; only if pings are frames. */
  unansweredSince?: number;
  /** The address that it counts under; only if connections per address are limited. */
  address?: string;
  /** Only if the app speaks TLS. */
  isTls?: boolean;
}

/** A connection: the uWS object with its state. Its methods throw once it is closed. */
export type Connection = WebSocket<ConnectionState> & ConnectionState;

/** The features that need more state on each connection. */
export interface StateNeeds {
  readonly pingsFrames: boolean;
  readonly expires: boolean;
  readonly countsAddresses: boolean;
}

/** The state that each connection begins with. uWS copies it, so one object serves all connections. */
export const initialStateOf = (needs: StateNeeds): Readonly<ConnectionState> =>
  Object.freeze({
    place: 0,
    openedAt: 0,
    ...(needs.pingsFrames ? { unansweredSince: 0 } : {}),
    ...(needs.expires ? { expiresAt: 0, expiryPosition: 0 } : {}),
    ...(needs.countsAddresses ? { address: '' } : {}),
  });

/** Most expired connections to close in one event-loop turn: about 10 ms. */
const EXPIRE_AT_ONCE = 256;

const EMPTY = new ArrayBuffer(0);

/** The counters that the connections write. */
export interface ConnectionCounters {
  opened: number;
  pingsSent: number;
  droppedBackpressure: number;
  countClosed(reason: CloseReason, ageSeconds: number): void;
}

export interface ConnectionLimits {
  readonly pingType: 'message' | 'frame' | 'off';
  readonly writeTimeoutMs: number;
  readonly maxBackpressureBytes: number;
  /** The most ticks that a pong may take. */
  readonly pongTimeoutTicks: number;
}

/** The collections that hold the connections. */
export interface ConnectionWheels {
  readonly pings: PingWheel<Connection>;
  /** Only if connections expire. */
  readonly expiries: ExpirySlots<Connection> | undefined;
}

/** The reason, by uWS's message, for each close that uWS itself makes (close code 1006). */
const uwsReasons = new Map<string, CloseReason>([
  ['Received too big message', 'too_big'],
  ['Received invalid WebSocket frame', 'protocol'],
  ['Received invalid UTF-8', 'protocol'],
  ['Received invalid close payload', 'protocol'],
]);

/** All connections of a worker, in the slots of its wheel. */
export class Connections {
  /** The connections that leave bytes unread. */
  readonly slowReaders: SlowReaders<Connection>;
  readonly #wheel: PingWheel<Connection>;
  readonly #expiries: ExpirySlots<Connection> | undefined;
  readonly #counters: ConnectionCounters;
  readonly #limits: ConnectionLimits;
  readonly #logger: Logger;
  readonly #now: () => number;
  readonly #floodGuard = new FloodGuard<Connection>();
  /** Connections to close once the current call of uWS has returned. */
  readonly #overflowed = new Set<Connection>();
  /** Why we close a connection; its close handler runs within our call. */
  #ownReason: CloseReason | undefined;
  #tick = 0;

  /** @param now milliseconds since the process started */
  constructor(
    wheels: ConnectionWheels,
    counters: ConnectionCounters,
    limits: ConnectionLimits,
    logger: Logger,
    now: () => number = () => performance.now(),
  ) {
    this.#wheel = wheels.pings;
    this.#expiries = wheels.expiries;
    this.#counters = counters;
    this.#limits = limits;
    this.#logger = logger;
    this.#now = now;
    this.slowReaders = new SlowReaders(wheels.pings, limits, this.#tooSlow);
  }

  get size(): number {
    return this.#wheel.size;
  }

  opened(connection: Connection, { validForS, address }: Admitted): void {
    connection.openedAt = this.#tenths();
    this.#wheel.add(connection);
    this.#expiries?.add(connection, this.#now() / 1000 + validForS);
    if (address !== '') connection.address = address;
    this.#counters.opened++;
  }

  /** The close handler for uWS. After it, the connection's methods throw. */
  closed(connection: Connection, code: number, message: ArrayBuffer): void {
    this.#wheel.remove(connection);
    this.#expiries?.remove(connection);
    this.slowReaders.forget(connection);
    const isOverflowed = this.#overflowed.delete(connection);
    const reason = this.#ownReason ?? (isOverflowed ? 'too_slow' : reasonOf(code, message));
    this.#counters.countClosed(reason, (this.#tenths() - connection.openedAt) / 10);
    if (reason === 'too_slow') {
      this.#logger.debug('connection closed', { code: closeCodes.tooSlow.code, reason });
    }
  }

  /**
   * uWS dropped a message because too many bytes already wait. Calling any ws method here would crash the process. uWS also
   * closes such a connection, but only once the client pauses.
   */
  readonly dropped = (connection: Connection): void => {
    this.#counters.droppedBackpressure++;
    if (this.#overflowed.size === 0) setImmediate(this.#closeOverflowed);
    this.#overflowed.add(connection);
  };

  /**
   * The client has sent a frame. Its content does not matter, but it may be one frame too many, or a ping whose answer
   * cannot be written yet.
   */
  readonly heard = (connection: Connection): void => {
    if (this.#floodGuard.isFlood(connection)) this.#close(connection, 'flood');
    else if (connection.getBufferedAmount() > 0) this.slowReaders.found(connection);
  };

  readonly ponged = (connection: Connection): void => {
    if (this.#limits.pingType === 'frame') connection.unansweredSince = 0;
    this.heard(connection);
  };

  /** Serves a tick: sends the pings that are due, and checks the deadlines of earlier pings. */
  tick(tick: number): void {
    this.#tick = tick;
    if (this.#limits.pingType !== 'off') this.#wheel.tick(tick, this.#ping);
    if (this.#limits.pingType === 'frame') {
      this.#wheel.tick(tick - this.#limits.pongTimeoutTicks, this.#closeSilent);
    }
  }

  /** Closes any one connection with a close frame. Returns false if there is none. */
  endOne(reason: 'stopping' | 'restarting', text: string): boolean {
    const connection = this.#wheel.any();
    if (connection === undefined) return false;
    this.#end(connection, reason, closeCodes[reason].code, text);
    return true;
  }

  /**
   * Closes connections whose tokens have expired, a limited number at a time.
   *
   * @returns true if more are left for a later event-loop turn
   */
  closeExpired(): boolean {
    const nowS = this.#now() / 1000;
    for (let left = EXPIRE_AT_ONCE; left > 0; left--) {
      const connection = this.#expiries?.due(nowS);
      if (connection === undefined) return false;
      this.#end(connection, 'expired', closeCodes.policy.code, 'the token has expired');
    }
    return true;
  }

  readonly #ping = (connection: Connection): void => {
    this.#counters.pingsSent++;
    if (this.#sendPing(connection) === 0) this.slowReaders.found(connection);
  };

  /** Sends a ping of the configured type. Returns the result of uWS: 0 if bytes wait in the server. */
  #sendPing(connection: Connection): number {
    if (this.#limits.pingType === 'message') return connection.send(EMPTY, false);
    if (connection.unansweredSince === 0) connection.unansweredSince = this.#tick;
    return connection.ping();
  }

  #tenths(): number {
    return Math.trunc(this.#now() / 100);
  }

  readonly #closeOverflowed = (): void => {
    for (const connection of this.#overflowed) this.#close(connection, 'too_slow');
  };

  readonly #tooSlow = (connection: Connection, isOverLimit: boolean): void => {
    if (isOverLimit) this.#counters.droppedBackpressure++;
    this.#close(connection, 'too_slow');
  };

  readonly #closeSilent = (connection: Connection): void => {
    const { unansweredSince = 0 } = connection;
    if (unansweredSince === 0 || this.#tick - unansweredSince < this.#limits.pongTimeoutTicks) return;
    // The ping itself may still wait behind other data for a slow client.
    if (this.slowReaders.has(connection)) connection.unansweredSince = this.#tick;
    else this.#close(connection, 'pong_timeout');
  };

  /** Closes with a close frame, after all waiting data. */
  #end(connection: Connection, reason: CloseReason, code: number, text: string): void {
    this.#ownReason = reason;
    connection.end(code, text);
    this.#ownReason = undefined;
  }

  /** Closes at once: a close frame would wait behind data that the client does not read. */
  #close(connection: Connection, reason: CloseReason): void {
    this.#ownReason = reason;
    connection.close();
    this.#ownReason = undefined;
  }
}

function reasonOf(code: number, message: ArrayBuffer): CloseReason {
  if (code !== 1006) return 'client';
  return uwsReasons.get(Buffer.from(message).toString()) ?? 'lost';
}
