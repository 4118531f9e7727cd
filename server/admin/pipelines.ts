// Handles the requests of a connection one after the other, and does not read from a connection while its requests wait.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Answers a request. It settles once the kernel has the whole answer, or once the connection is lost. */
export type Handle = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

type Exchange = readonly [IncomingMessage, ServerResponse];

/** A connection that waits for an answer. */
interface Pipeline {
  current: Exchange;
  /** Requests that arrived after the current one. */
  readonly line: Exchange[];
  /** The socket is not read from until the line is short. */
  isHeld: boolean;
}

/** The server does not read from a connection that has more requests in line. */
const MAX_IN_LINE = 16;
/**
 * Most requests in line on all connections together. Node parses everything that one read returns: up to 1,900 requests,
 * and each takes 3 KB. At this limit the server cuts a connection that sends one more request without waiting for its answer.
 */
const MAX_IN_ALL_LINES = 16_384;

/** The requests of all connections of the listener. */
export class Pipelines {
  readonly #handle: Handle;
  readonly #sockets = new Set<Socket>();
  readonly #pipelines = new Map<Socket, Pipeline>();
  /** Sockets that have to wait for the next event-loop turn; `undefined` while none has to. */
  #held: Set<Socket> | undefined;
  #inLine = 0;

  constructor(handle: Handle) {
    this.#handle = handle;
  }

  /** Takes a new connection. */
  readonly add = (socket: Socket): void => {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    // Node resumes a socket after each complete request, and whenever a body is read.
    socket.on('resume', () => {
      if (this.#pipelines.get(socket)?.isHeld === true) socket.pause();
      else if (this.#held !== undefined) this.#hold(socket, this.#held);
    });
  };

  /** Takes a request, once its head has arrived. */
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

  /** Whether an answer to this connection has begun and has not ended. */
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
      // One request of each connection per event-loop turn.
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
   * Stops reading from all connections until the next event-loop turn. A read with many requests blocks the loop for
   * 20 ms; messages from the workers must wait for one such read only, and not for one read of each connection.
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
