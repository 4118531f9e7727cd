// The requests of a connection, handled one after the other: what a client has asked for and not read yet is little.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Answers a request; settles when the kernel has the whole answer, or the connection is lost. */
export type Handle = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

type Exchange = readonly [IncomingMessage, ServerResponse];

/** A connection that waits for an answer. */
interface Pipeline {
  current: Exchange;
  /** Requests that have arrived since. */
  readonly line: Exchange[];
  /** Not read from until the line is short. */
  isHeld: boolean;
}

/** A connection with more requests in line than this is not read from. */
const MAX_IN_LINE = 16;
/**
 * Node parses all that one read has brought, up to 1,900 requests, each of which takes 3 kB. Beyond this many in line, of
 * all connections together, whoever sends one more before having got the last answer is cut.
 */
const MAX_IN_ALL_LINES = 16_384;

/** All connections of the listener. */
export class Pipelines {
  readonly #handle: Handle;
  readonly #sockets = new Set<Socket>();
  readonly #pipelines = new Map<Socket, Pipeline>();
  /** Sockets that are read from again in the next turn of the loop; `undefined` when none has to wait. */
  #held: Set<Socket> | undefined;
  #inLine = 0;

  constructor(handle: Handle) {
    this.#handle = handle;
  }

  /** A connection has been made. */
  readonly add = (socket: Socket): void => {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    // Node reads on after each complete request, and whenever a body is read.
    socket.on('resume', () => {
      if (this.#pipelines.get(socket)?.isHeld === true) socket.pause();
      else if (this.#held !== undefined) this.#hold(socket, this.#held);
    });
  };

  /** A request has arrived: its head, and its body so far. */
  readonly take = (request: IncomingMessage, response: ServerResponse): void => {
    const { socket } = request;
    if (socket.destroyed) return;
    const pipeline = this.#pipelines.get(socket);
    if (pipeline === undefined) {
      void this.#serve(socket, [request, response]);
      return;
    }
    if (this.#inLine >= MAX_IN_ALL_LINES) {
      this.#holdAll();
      socket.destroy();
      return;
    }
    this.#inLine++;
    if (pipeline.line.push([request, response]) > MAX_IN_LINE && !pipeline.isHeld) {
      pipeline.isHeld = true;
      socket.pause();
      this.#holdAll();
    }
  };

  /** Whether a part of an answer has been sent to this connection, and another part has not. */
  isAnswering(socket: Socket): boolean {
    return this.#pipelines.get(socket)?.current[1].headersSent === true;
  }

  async #serve(socket: Socket, first: Exchange): Promise<void> {
    const pipeline: Pipeline = { current: first, line: [], isHeld: false };
    const { line } = pipeline;
    this.#pipelines.set(socket, pipeline);
    for (let next: Exchange | undefined = first; next !== undefined && !socket.destroyed; ) {
      pipeline.current = next;
      await this.#handle(...next);
      // One request of each connection in a turn of the loop.
      if (line.length > 0) await new Promise((resolve) => setImmediate(resolve));
      next = line.shift();
      if (next !== undefined) this.#inLine--;
      if (pipeline.isHeld && line.length <= MAX_IN_LINE) {
        pipeline.isHeld = false;
        socket.resume();
      }
    }
    this.#inLine -= line.length;
    this.#pipelines.delete(socket);
  }

  /**
   * One read has brought many requests, which takes the loop 20 ms. No connection is read from before the next turn, so
   * that what the workers ask the primary waits for one such read, and not for one of each connection.
   */
  #holdAll(): void {
    if (this.#held !== undefined) return;
    const held = new Set<Socket>();
    this.#held = held;
    for (const socket of this.#sockets) if (!socket.isPaused()) this.#hold(socket, held);
    setImmediate(() => {
      this.#held = undefined;
      for (const socket of held) socket.resume();
    });
  }

  #hold(socket: Socket, held: Set<Socket>): void {
    held.add(socket);
    socket.pause();
  }
}
