// Subscribes to one channel and stays subscribed: the client as a library.
import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { Connection, type ConnectionEnd, type ConnectionOwner } from '../connection/connection.js';
import { handshakeKey } from '../connection/handshake.js';
import { type HostTls, hostTls } from '../connection/host-tls.js';
import { refusalOf, retryDelayMs } from '../connection/retry.js';

/** How long TCP and the handshake may take together. */
const HANDSHAKE_TIMEOUT_MS = 30_000;
/** How long the server has to answer the close frame of `close`. */
const CLOSE_TIMEOUT_MS = 2_000;

/** How a subscriber behaves; every field may be left out. */
export interface SubscriberOptions {
  /** Whether it reconnects when a connection ends; true by default. */
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
  /** The connection is open. */
  open: [];
  /** A message that is not an empty text message; a text message is valid UTF-8. The Buffer is the listener's own. */
  message: [payload: Buffer, isBinary: boolean];
  /** A ping: an empty text message, or a ping frame. */
  ping: [];
  /** An open connection has ended, or an attempt has failed; `code` is 1006 where no close frame came. */
  close: [end: ConnectionEnd];
  /** The next attempt begins after this time, ms. */
  retry: [delayMs: number];
  /** Nothing more follows: `close` was called, the server has refused, or reconnecting is off. The error says why it refused. */
  end: [error: Error | undefined];
}

/**
 * One subscription to `ws://HOST:PORT/CHANNEL` or `wss://HOST:PORT/CHANNEL`. It emits nothing before the turn of the event
 * loop in which it was made is over.
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
  #isPaused = false;
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

  /**
   * Stops reading until `resume`; the idle timeout does not run meanwhile. Messages that have been read already are still
   * emitted. The server closes a connection that is not read for long; the subscriber then reconnects, and does not read
   * the new connection either.
   */
  pause(): void {
    this.#isPaused = true;
    if (!this.#isOpen || this.#isClosing) return;
    clearTimeout(this.#timer);
    this.#connection?.pause();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    if (!this.#isOpen) return;
    this.#connection?.resume();
    this.#awaitFrame();
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
    // The close frame of the server comes after everything that it has sent before.
    this.resume();
    connection.close(1000);
    this.#timer = setTimeout(() => connection.destroy(), CLOSE_TIMEOUT_MS);
  }

  onOpen(connection: Connection): void {
    this.#isOpen = true;
    this.#attempts = 0;
    if (this.#isPaused) {
      clearTimeout(this.#timer);
      connection.pause();
    } else {
      this.#awaitFrame();
    }
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
    const refusal = refusalOf(end, this.#isOpen);
    this.#isOpen = false;
    this.emit('close', end);
    if (this.#isClosing || !this.#reconnects || refusal !== undefined) {
      this.#isClosing = true;
      this.emit('end', refusal);
      return;
    }
    const delayMs = retryDelayMs(end, this.#attempts++, this.#random);
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
    if (this.#isClosing || this.#isPaused) return;
    clearTimeout(this.#timer);
    if (this.#idleTimeoutMs > 0) this.#destroyAfter(this.#idleTimeoutMs, 'idle timeout');
  }

  #destroyAfter(delayMs: number, reason: string): void {
    this.#timer = setTimeout(() => this.#connection?.destroy(new Error(reason)), delayMs);
  }
}
