// One WebSocket to a server: TCP or TLS, handshake, frames, and a single end.
import { connect, type Socket } from 'node:net';
import { TLSSocket, connect as tlsConnect } from 'node:tls';
import { FrameError, FrameReader, type FrameSink } from './frame-reader.js';
import { closeFrame, pongFrame } from './frame-writer.js';
import { HandshakeError, type HandshakeKey, handshakeRequest, readHandshake } from './handshake.js';
import { type HostTls, tlsRefusal } from './host-tls.js';

/** Where a connection goes. */
export interface ConnectionTarget {
  /** IP address, or a name to be resolved. */
  readonly address: string;
  readonly port: number;
  /** The address of this machine to connect from; the kernel chooses where it is not given. */
  readonly localAddress?: string | undefined;
  /** The `Host` header. */
  readonly host: string;
  /** The channel as a percent-encoded path with its first slash. */
  readonly path: string;
  readonly key: HandshakeKey;
  /** For TLS. */
  readonly tls?: HostTls | undefined;
  /** Sent as `Authorization: Bearer`. */
  readonly token?: string | undefined;
}

/** How a connection ended. */
export interface ConnectionEnd {
  /** The close code that the server sent, 1005 for a close frame without one, 1006 where no close frame came. */
  readonly code: number;
  /** The close reason that the server sent. */
  readonly reason: string;
  /** Why it ended without a close frame, where that is known: a system error, a HandshakeError, a FrameError. */
  readonly error?: Error | undefined;
}

/** Who is told what happens on a connection. One owner may have any number of connections. Payloads are valid during the call only. */
export interface ConnectionOwner {
  onOpen(connection: Connection): void;
  onMessage(connection: Connection, payload: Buffer, isBinary: boolean): void;
  /** A ping frame; its pong is already sent. */
  onPing(connection: Connection): void;
  onPong(connection: Connection): void;
  /** The end, exactly once, whether the connection was ever open or not. */
  onEnd(connection: Connection, end: ConnectionEnd): void;
}

/** Every read of this process goes through this one buffer: a read is handled to its end before the next begins. */
const READ_BUFFER = Buffer.allocUnsafeSlow(65_536);

/**
 * Costs 2.7 KB of user memory, nearly all of it Node's socket, and 40 KB with TLS: no timer, no promise, and a buffer only
 * while a frame is incomplete. The owner keeps the deadlines, and calls `destroy`.
 */
export class Connection implements FrameSink {
  /** The owner's number for it. */
  readonly id: number;
  readonly #owner: ConnectionOwner;
  readonly #socket: Socket;
  /** What the handshake still needs; undefined once it is done. */
  #handshake: { readonly target: ConnectionTarget; answer: Buffer } | undefined;
  /** Set while frames are read: from the handshake to the close frame. */
  #reader: FrameReader | undefined;
  /** How it ends, once that is known. */
  #end: ConnectionEnd | undefined;
  /** A connection sends one close frame only, whether it is the first or the answer. */
  #closeSent = false;

  constructor(id: number, target: ConnectionTarget, owner: ConnectionOwner) {
    this.id = id;
    this.#owner = owner;
    this.#handshake = { target, answer: READ_BUFFER.subarray(0, 0) };
    this.#socket = open(target, (bytes) => this.#read(bytes));
    // No closure here names `target`: they live as long as the connection, and would keep 200 bytes of it.
    this.#socket.once(target.tls === undefined ? 'connect' : 'secureConnect', () => this.#sendRequest());
    // The socket keeps the error as `errored`; `onEnd` is called once, when the socket is closed.
    this.#socket.on('error', ignore);
    this.#socket.on('close', () => this.#onSocketClosed());
  }

  /** True once it is decided how the connection ends; `onEnd` follows when the socket is closed. */
  get isEnding(): boolean {
    return this.#end !== undefined;
  }

  /** Begins the closing handshake (RFC 6455 section 7.1.2). Before the connection is open, it is cut instead. */
  close(code: number): void {
    if (this.#handshake !== undefined) this.destroy();
    else if (this.#reader !== undefined) this.#sendClose(code);
  }

  /** Stops reading: what the server sends fills the buffers of the kernel, and then those of the server. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /**
   * Cuts the connection: a reset, so that no port is left in TIME_WAIT; with TLS Node has no reset. `error` is the
   * reason that `onEnd` gets.
   */
  destroy(error?: Error): void {
    this.#end ??= { code: 1006, reason: '', error };
    this.#reader = undefined;
    const { connecting, writableLength, writableEnded } = this.#socket;
    // A reset waits for the connection and for what is still unwritten; neither may ever come. A socket that is shutting
    // down cannot be reset (EINVAL), and Node would never emit its 'close' then.
    const cannotReset =
      connecting || writableLength > 0 || writableEnded || this.#socket instanceof TLSSocket;
    if (cannotReset) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
  }

  onMessage(payload: Buffer, isBinary: boolean): void {
    if (this.#reader !== undefined) this.#owner.onMessage(this, payload, isBinary);
  }

  onPing(payload: Buffer): void {
    if (this.#reader === undefined) return;
    this.#socket.write(pongFrame(payload));
    this.#owner.onPing(this);
  }

  onPong(): void {
    this.#owner.onPong(this);
  }

  onCloseFrame(code: number, reason: string): void {
    this.#finish(code, { code, reason });
  }

  /** Answers with a close frame and lets the socket go once that is written. */
  #finish(answerCode: number, end: ConnectionEnd): void {
    this.#end ??= end;
    this.#reader = undefined;
    this.#sendClose(answerCode);
    this.#socket.destroySoon();
  }

  #sendClose(code: number): void {
    if (this.#closeSent) return;
    this.#closeSent = true;
    this.#socket.write(closeFrame(code));
  }

  #sendRequest(): void {
    const { host, path, key, token } = this.#handshake!.target;
    this.#socket.write(handshakeRequest(host, path, key.key, token));
  }

  #read(bytes: number): boolean {
    try {
      const start = this.#handshake === undefined ? 0 : this.#readHandshake(READ_BUFFER, bytes);
      if (start !== undefined) this.#reader?.read(READ_BUFFER, start, bytes, this);
    } catch (error) {
      if (error instanceof FrameError) this.#finish(error.closeCode, { code: 1006, reason: '', error });
      else if (error instanceof HandshakeError) this.destroy(error);
      else throw error;
    }
    return true;
  }

  /** Where in the chunk the frames begin; undefined while the handshake is not done. */
  #readHandshake(chunk: Buffer, bytes: number): number | undefined {
    const { target, answer } = this.#handshake!;
    const all =
      answer.length === 0 ? chunk.subarray(0, bytes) : Buffer.concat([answer, chunk.subarray(0, bytes)]);
    const used = readHandshake(all, target.key.accept, false);
    if (used === undefined) {
      this.#handshake!.answer = answer.length === 0 ? Buffer.from(all) : all;
      return undefined;
    }
    this.#handshake = undefined;
    this.#reader = new FrameReader();
    this.#owner.onOpen(this);
    return used - answer.length;
  }

  #onSocketClosed(): void {
    this.#owner.onEnd(this, this.#end ?? { code: 1006, reason: '', error: this.#failure() });
  }

  /** Why the socket has closed, where that is known. */
  #failure(): Error | undefined {
    const { errored } = this.#socket;
    if (errored === null) return this.#handshakeCutShort();
    return this.#handshake === undefined ? errored : (tlsRefusal(this.#socket, errored) ?? errored);
  }

  /** The error of a handshake whose answer ended too early. */
  #handshakeCutShort(): Error | undefined {
    if (this.#handshake === undefined) return undefined;
    try {
      readHandshake(this.#handshake.answer, this.#handshake.target.key.accept, true);
    } catch (error) {
      return error as Error;
    }
    return undefined;
  }
}

/** Begins to connect; `read` gets the number of bytes that have arrived in the read buffer. */
function open(target: ConnectionTarget, read: (bytes: number) => boolean): Socket {
  const { address: host, port, localAddress, tls } = target;
  const options = {
    host,
    port,
    ...(localAddress === undefined ? {} : { localAddress }),
    noDelay: true,
    onread: { buffer: READ_BUFFER, callback: read },
  };
  if (tls === undefined) return connect(options);
  const { context: secureContext, servername } = tls;
  return tlsConnect({ ...options, secureContext, servername }).setNoDelay(true);
}

function ignore(): void {}
