// The live connections of a worker: opened, pinged, found slow or silent, closed, and why.
import type { WebSocket } from 'uWebSockets.js';
import { type CloseReason, closeCodes } from '../codes.js';
import type { Logger } from '../logger.js';
import type { Admitted } from './admission.js';
import type { ExpiringItem, ExpirySlots } from './expiry-slots.js';
import { FloodGuard } from './flood-guard.js';
import type { PingWheel, WheelItem } from './ping-wheel.js';

/**
 * What the server keeps on each connection: own properties of the uWS object, 8 bytes each in a store of 64. Times are
 * numbers of ticks, from 1; 0 is none.
 */
export interface ConnectionState extends WheelItem, ExpiringItem {
  /** Tick at which written bytes were found unread, with none read since; {@link OVERFLOWED} once dropped from. */
  stalledSince: number;
  /** When it was opened, in tenths of a second since the process started. */
  openedAt: number;
  /** Tick of the oldest ping frame that still has no pong; only where pings are frames. */
  unansweredSince?: number;
  /** What it counts as in the limit of connections per address; only where there is such a limit. */
  address?: string;
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
    stalledSince: 0,
    openedAt: 0,
    ...(needs.pingsFrames ? { unansweredSince: 0 } : {}),
    ...(needs.expires ? { expiresAt: 0, expiryPosition: 0 } : {}),
    ...(needs.countsAddresses ? { address: '' } : {}),
  });

/** Most connections closed at once since they expired: about 10 ms. */
const EXPIRE_AT_ONCE = 256;

/** Mark of a connection whose backpressure passed the limit. */
const OVERFLOWED = -1;

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
  /** Ticks that a connection may leave written bytes unread. */
  readonly writeTimeoutTicks: number;
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
  #stalled = 0;

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
  }

  get size(): number {
    return this.#wheel.size;
  }

  /** Connections whose written bytes were found unread, with none read since, or that were dropped from. */
  get stalled(): number {
    return this.#stalled;
  }

  opened(connection: Connection, { expiresAtS, address }: Admitted): void {
    connection.openedAt = this.#tenths();
    this.#wheel.add(connection);
    this.#expiries?.add(connection, expiresAtS);
    if (address !== '') connection.address = address;
    this.#counters.opened++;
  }

  /** The close handler of uWS: after it, the connection's methods throw. */
  closed(connection: Connection, code: number, message: ArrayBuffer): void {
    this.#wheel.remove(connection);
    this.#expiries?.remove(connection);
    this.#overflowed.delete(connection);
    const reason = this.#ownReason ?? reasonOf(connection, code, message);
    if (connection.stalledSince !== 0) this.#stalled--;
    this.#counters.countClosed(reason, (this.#tenths() - connection.openedAt) / 10);
    if (reason === 'too_slow') {
      this.#logger.debug('connection closed', { code: closeCodes.tooSlow.code, reason });
    }
  }

  /**
   * uWS dropped a message since the backpressure passed its limit. No ws method may be called here: it would crash. uWS
   * closes such a connection too, but only once the client pauses.
   */
  readonly dropped = (connection: Connection): void => {
    this.#counters.droppedBackpressure++;
    this.#stall(connection, OVERFLOWED);
    if (this.#overflowed.size === 0) setImmediate(this.#closeOverflowed);
    this.#overflowed.add(connection);
  };

  /** The client has sent a frame: there is nothing in it for us, but it may be one of too many. */
  readonly heard = (connection: Connection): void => {
    if (this.#floodGuard.isFlood(connection)) this.#close(connection, 'flood');
  };

  /** The client took bytes that had been waiting. */
  readonly drained = (connection: Connection): void => {
    if (connection.stalledSince > 0) {
      this.#stall(connection, connection.getBufferedAmount() === 0 ? 0 : this.#tick);
    }
  };

  readonly ponged = (connection: Connection): void => {
    if (this.#limits.pingType === 'frame') connection.unansweredSince = 0;
    this.heard(connection);
  };

  /** Serves what is due at a tick: pings, and the deadlines of connections pinged earlier. */
  tick(tick: number): void {
    this.#tick = tick;
    this.#wheel.tick(tick, this.#ping);
    if (this.#stalled > 0) this.#wheel.tick(tick - this.#limits.writeTimeoutTicks, this.#closeStalled);
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
   * @param nowS seconds since 1970
   * @returns true when there are more, for a later turn of the loop
   */
  closeExpired(nowS: number): boolean {
    for (let left = EXPIRE_AT_ONCE; left > 0; left--) {
      const connection = this.#expiries?.due(nowS);
      if (connection === undefined) return false;
      this.#end(connection, 'expired', closeCodes.policy.code, 'the token has expired');
    }
    return true;
  }

  readonly #ping = (connection: Connection): void => {
    if (this.#sendPing(connection)) {
      // The state lies apart in memory: to leave it alone saves a quarter of a ping's user time.
      if (this.#stalled > 0) this.#stall(connection, 0);
    } else if (connection.stalledSince === 0) {
      this.#stall(connection, this.#tick);
    }
  };

  #stall(connection: Connection, since: number): void {
    this.#stalled += Number(since !== 0) - Number(connection.stalledSince !== 0);
    connection.stalledSince = since;
  }

  #tenths(): number {
    return Math.trunc(this.#now() / 100);
  }

  /** Sends what a ping is here; whether nothing is waiting to be read by the client. */
  #sendPing(connection: Connection): boolean {
    switch (this.#limits.pingType) {
      case 'off':
        return connection.getBufferedAmount() === 0;
      case 'message':
        this.#counters.pingsSent++;
        return connection.send(EMPTY, false) === 1;
      case 'frame':
        this.#counters.pingsSent++;
        if (connection.unansweredSince === 0) connection.unansweredSince = this.#tick;
        return connection.ping() === 1;
    }
  }

  readonly #closeOverflowed = (): void => {
    for (const connection of this.#overflowed) this.#close(connection, 'too_slow');
  };

  readonly #closeStalled = (connection: Connection): void => {
    const { stalledSince } = connection;
    if (stalledSince > 0 && this.#tick - stalledSince >= this.#limits.writeTimeoutTicks) {
      this.#close(connection, 'too_slow');
    }
  };

  readonly #closeSilent = (connection: Connection): void => {
    const { unansweredSince = 0 } = connection;
    if (unansweredSince > 0 && this.#tick - unansweredSince >= this.#limits.pongTimeoutTicks) {
      this.#close(connection, 'pong_timeout');
    }
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

function reasonOf(connection: Connection, code: number, message: ArrayBuffer): CloseReason {
  if (connection.stalledSince === OVERFLOWED) return 'too_slow';
  if (code !== 1006) return 'client';
  return uwsReasons.get(Buffer.from(message).toString()) ?? 'lost';
}
