// The live connections of a worker: opened, pinged, found slow or silent, closed, and why.
import type { WebSocket } from 'uWebSockets.js';
import { type CloseReason, closeCodes } from '../codes.js';
import type { Logger } from '../logger.js';
import type { Admitted } from './admission.js';
import type { ExpiringItem, ExpirySlots } from './expiry-slots.js';
import { FloodGuard } from './flood-guard.js';
import type { PingWheel, WheelItem } from './ping-wheel.js';
import { SlowReaders } from './slow-readers.js';

/**
 * What the server keeps on each connection: own properties of the uWS object, 8 bytes each in a store of 64. Times are
 * numbers of ticks, from 1; 0 is none.
 */
export interface ConnectionState extends WheelItem, ExpiringItem {
  /** When it was opened, in tenths of a second since the process started. */
  openedAt: number;
  /** Tick of the oldest ping frame that still has no pong; only where pings are frames. */
  unansweredSince?: number;
  /** What it counts as in the limit of connections per address; only where there is such a limit. */
  address?: string;
  /** Only where the app speaks TLS. */
  isTls?: boolean;
}

/** A connection: the uWS object and the state on it. Its methods throw once it is closed. */
export type Connection = WebSocket<ConnectionState> & ConnectionState;

/** What asks for more state on each connection. */
export interface StateNeeds {
  readonly pingsFrames: boolean;
  readonly expires: boolean;
  readonly countsAddresses: boolean;
}

/** What each connection begins with; uWS copies it, so that one object serves all. */
export const initialStateOf = (needs: StateNeeds): Readonly<ConnectionState> =>
  Object.freeze({
    place: 0,
    openedAt: 0,
    ...(needs.pingsFrames ? { unansweredSince: 0 } : {}),
    ...(needs.expires ? { expiresAt: 0, expiryPosition: 0 } : {}),
    ...(needs.countsAddresses ? { address: '' } : {}),
  });

/** Most connections closed at once since they expired: about 10 ms. */
const EXPIRE_AT_ONCE = 256;

const EMPTY = new ArrayBuffer(0);

/** What the connections report to. */
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
  /** Ticks that a pong may take. */
  readonly pongTimeoutTicks: number;
}

/** Where connections are kept. */
export interface ConnectionWheels {
  readonly pings: PingWheel<Connection>;
  /** Only where connections expire. */
  readonly expiries: ExpirySlots<Connection> | undefined;
}

/** Why uWebSockets.js closed a connection by itself (close code 1006), by its words. */
const uwsReasons = new Map<string, CloseReason>([
  ['Received too big message', 'too_big'],
  ['Received invalid WebSocket frame', 'protocol'],
  ['Received invalid UTF-8', 'protocol'],
  ['Received invalid close payload', 'protocol'],
]);

/** All connections of a worker, in the slots of its wheel. */
export class Connections {
  /** Those that leave bytes unread. */
  readonly slowReaders: SlowReaders<Connection>;
  readonly #wheel: PingWheel<Connection>;
  readonly #expiries: ExpirySlots<Connection> | undefined;
  readonly #counters: ConnectionCounters;
  readonly #limits: ConnectionLimits;
  readonly #logger: Logger;
  readonly #now: () => number;
  readonly #floodGuard = new FloodGuard<Connection>();
  /** To be closed once uWS has returned from what it does to them. */
  readonly #overflowed = new Set<Connection>();
  /** Why we are closing the connection whose close handler runs within that call. */
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

  /** The close handler of uWS: after it, the connection's methods throw. */
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
   * uWS dropped a message since more waits than it may hold. No ws method may be called here: it would crash. uWS closes
   * such a connection too, but only once the client pauses.
   */
  readonly dropped = (connection: Connection): void => {
    this.#counters.droppedBackpressure++;
    if (this.#overflowed.size === 0) setImmediate(this.#closeOverflowed);
    this.#overflowed.add(connection);
  };

  /**
   * The client has sent a frame: there is nothing in it for us, but it may be one of too many, or a ping whose answer
   * waits.
   */
  readonly heard = (connection: Connection): void => {
    if (this.#floodGuard.isFlood(connection)) this.#close(connection, 'flood');
    else if (connection.getBufferedAmount() > 0) this.slowReaders.found(connection);
  };

  readonly ponged = (connection: Connection): void => {
    if (this.#limits.pingType === 'frame') connection.unansweredSince = 0;
    this.heard(connection);
  };

  /** Serves what is due at a tick: pings, and the deadlines of connections pinged earlier. */
  tick(tick: number): void {
    this.#tick = tick;
    if (this.#limits.pingType !== 'off') this.#wheel.tick(tick, this.#ping);
    if (this.#limits.pingType === 'frame') {
      this.#wheel.tick(tick - this.#limits.pongTimeoutTicks, this.#closeSilent);
    }
  }

  /** Closes some connection with a close frame; false when there is none. */
  endOne(reason: 'stopping' | 'restarting', text: string): boolean {
    const connection = this.#wheel.any();
    if (connection === undefined) return false;
    this.#end(connection, reason, closeCodes[reason].code, text);
    return true;
  }

  /**
   * Closes connections whose tokens have expired, some of them at a time.
   *
   * @returns true when there are more, for a later turn of the loop
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

  /** Sends what a ping is here; what uWS says of it: 0 when bytes wait to be read. */
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
    // The ping itself may still wait behind what a slow client is reading.
    if (this.slowReaders.has(connection)) connection.unansweredSince = this.#tick;
    else this.#close(connection, 'pong_timeout');
  };

  /** Closes with a close frame, behind whatever is still to be sent. */
  #end(connection: Connection, reason: CloseReason, code: number, text: string): void {
    this.#ownReason = reason;
    connection.end(code, text);
    this.#ownReason = undefined;
  }

  /** Closes at once: a close frame would wait behind what the client does not read. */
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
