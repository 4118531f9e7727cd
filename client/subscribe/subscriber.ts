// Subscribes to one channel and stays subscribed: the client as a library.
import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { Connection, type ConnectionEnd, type ConnectionOwner } from '../connection/connection.js';
import { HandshakeError, handshakeKey } from '../connection/handshake.js';
import { type HostTls, hostTls } from '../connection/host-tls.js';
import { mayReturn, retryDelayMs } from '../connection/retry.js';

/** How long TCP and the handshake may take together. */
const HANDSHAKE_TIMEOUT_MS = 30_000;
/** How long the server has to answer the close frame of `close`. */
const CLOSE_TIMEOUT_MS = 2_000;

/** How a subscriber behaves; every field may be left out. */
export interface SubscriberOptions {
  /** Comes back by itself when a connection ends; true by default. */
  readonly reconnects?: boolean;
  /** Time without a frame after which a connection is dead, ms; 330 s by default, 0 is never. */
  readonly idleTimeoutMs?: number;
  /** Uniform in [0, 1), for the waits; `Math.random` by default. */
  readonly random?: () => number;
  /** PEM of the certificates to trust with `wss:`; Node's own roots by default. */
  readonly ca?: string | undefined;
  /** Sent in every handshake as `Authorization: Bearer`. */
  readonly token?: string | undefined;
}

/** What a subscriber emits. */
export interface SubscriberEvents {
  /** The connection stands. */
  open: [];
  /** A message that is not an empty text message; the Buffer is the listener's own. */
  message: [payload: Buffer, isBinary: boolean];
  /** A ping: an empty text message, or a ping frame. */
  ping: [];
  /** A connection that stood has ended, or an attempt has failed; `code` is 1006 where no close frame came. */
  close: [end: ConnectionEnd];
  /** The next attempt begins after this time, ms. */
  retry: [delayMs: number];
  /** Nothing more comes: `close` was called, the server refused, or reconnecting is off. The error says why it refused. */
  end: [error: Error | undefined];
}

/**
 * One subscription to `ws://HOST:PORT/CHANNEL` or `wss://HOST:PORT/CHANNEL`. Emits nothing before the turn in which it was made is over.
 * A text message is not checked to be UTF-8.
 */
export class Subscriber extends EventEmitter<SubscriberEvents> implements ConnectionOwner {
  readonly url: URL;
  readonly #reconnects: boolean;
  readonly #idleTimeoutMs: number;
  readonly #random: () => number;
  /** Name or address of the server, IPv6 without brackets. */
  readonly #hostname: string;
  readonly #tls: HostTls | undefined;
  readonly #token: string | undefined;
  #connection: Connection | undefined;
  #isOpen = false;
  #isClosing = false;
  #attempts = 0;
  /** The one timer: for the handshake, for silence, for the next attempt, for the end. */
  #timer: NodeJS.Timeout | undefined;

  /** @param url a `ws:` or `wss:` URL; its path is the channel, percent-encoded */
  constructor(url: string | URL, options: SubscriberOptions = {}) {
    super();
    this.url = new URL(url);
    this.#reconnects = options.reconnects ?? true;
    this.#idleTimeoutMs = options.idleTimeoutMs ?? 330_000;
    this.#random = options.random ?? Math.random;
    this.#hostname = this.url.hostname.replace(/^\[|\]$/g, '');
    this.#tls = this.url.protocol === 'wss:' ? hostTls(this.#hostname, options) : undefined;
    this.#token = options.token;
    this.#connect();
  }

  /** Closes the connection, if there is one, and ends the subscription; `end` follows. */
  close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    clearTimeout(this.#timer);
    const connection = this.#connection;
    if (connection === undefined) {
      setImmediate(() => this.emit('end', undefined));
      return;
    }
    connection.close(1000);
    this.#timer = setTimeout(() => connection.destroy(), CLOSE_TIMEOUT_MS);
  }

  onOpen(): void {
    this.#isOpen = true;
    this.#attempts = 0;
    this.#awaitFrame();
    this.emit('open');
  }

  onMessage(_connection: Connection, payload: Buffer, isBinary: boolean): void {
    this.#awaitFrame();
    if (payload.length === 0 && !isBinary) this.emit('ping');
    else this.emit('message', Buffer.from(payload), isBinary);
  }

  onPing(): void {
    this.#awaitFrame();
    this.emit('ping');
  }

  onPong(): void {
    this.#awaitFrame();
  }

  onEnd(_connection: Connection, end: ConnectionEnd): void {
    clearTimeout(this.#timer);
    this.#connection = undefined;
    const refusal = this.#isOpen ? refusalOf(end) : handshakeRefusalOf(end);
    this.#isOpen = false;
    this.emit('close', end);
    if (this.#isClosing || !this.#reconnects || refusal !== undefined) {
      this.#isClosing = true;
      this.emit('end', refusal);
      return;
    }
    const delayMs = retryDelayMs(end.reason, this.#attempts++, this.#random);
    this.#timer = setTimeout(() => this.#connect(), delayMs);
    this.emit('retry', delayMs);
  }

  #connect(): void {
    const { url } = this;
    const connection = new Connection(
      0,
      {
        address: this.#hostname,
        port: Number(url.port || (this.#tls === undefined ? 80 : 443)),
        host: url.host,
        path: url.pathname + url.search,
        key: handshakeKey(randomBytes(16)),
        tls: this.#tls,
        token: this.#token,
      },
      this,
    );
    this.#connection = connection;
    this.#destroyAfter(HANDSHAKE_TIMEOUT_MS, 'handshake timeout');
  }

  #awaitFrame(): void {
    if (this.#isClosing) return;
    clearTimeout(this.#timer);
    if (this.#idleTimeoutMs > 0) this.#destroyAfter(this.#idleTimeoutMs, 'idle timeout');
  }

  #destroyAfter(delayMs: number, reason: string): void {
    this.#timer = setTimeout(() => this.#connection?.destroy(new Error(reason)), delayMs);
  }
}

/** Why a server that has ended a connection need not be asked again, where that is so. */
const refusalOf = (end: ConnectionEnd): Error | undefined =>
  mayReturn(end.code) ? undefined : new Error(end.reason || 'refused by policy (close code 1008)');

/** The same for an attempt: anything but a failure of the network or of the server itself (HTTP 5xx). */
const handshakeRefusalOf = ({ error }: ConnectionEnd): Error | undefined =>
  error instanceof HandshakeError && (error.status === undefined || error.status < 500) ? error : undefined;
