// The bodies of HTTP requests: each up to a limit of its own, and all that are held at a time up to another one.
import type { IncomingMessage, ServerResponse } from 'node:http';

/** The body is larger than the limit. */
export class BodyTooLargeError extends Error {
  readonly code = 'BODY_TOO_LARGE';
  readonly maxBytes: number;

  constructor(maxBytes: number) {
    super(`the body may have ${maxBytes} bytes`);
    this.maxBytes = maxBytes;
  }
}

/** There is no memory for this body now. */
export class TooManyBodiesError extends Error {
  readonly code = 'TOO_MANY_BODIES';

  constructor() {
    super('too many bodies at the moment');
  }
}

/** Reads bodies, and counts the bytes of those that are in use. */
export class Bodies {
  readonly #maxHeldBytes: number;
  #heldBytes = 0;

  /** @param maxHeldBytes most bytes of all bodies together, those that have arrived in part included */
  constructor(maxHeldBytes: number) {
    this.#maxHeldBytes = maxHeldBytes;
  }

  /**
   * Reads a whole body and hands it on.
   *
   * @param maxBytes most bytes of this one
   * @param use gets the body, which counts as held until this settles
   * @throws {BodyTooLargeError} as soon as it is known, if possible before anything was read
   * @throws {TooManyBodiesError} when too many bytes are held
   */
  async read<Result>(
    request: IncomingMessage,
    response: ServerResponse,
    maxBytes: number,
    use: (body: Buffer) => Promise<Result> | Result,
  ): Promise<Result> {
    if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw new BodyTooLargeError(maxBytes);
    if (request.headers.expect !== undefined) response.writeContinue();
    const chunks: Buffer[] = [];
    let bytes = 0;
    try {
      for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        bytes += chunk.byteLength;
        this.#heldBytes += chunk.byteLength;
        if (bytes > maxBytes) throw new BodyTooLargeError(maxBytes);
        if (this.#heldBytes > this.#maxHeldBytes) throw new TooManyBodiesError();
        chunks.push(chunk);
      }
      return await use(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, bytes));
    } finally {
      this.#heldBytes -= bytes;
    }
  }
}
