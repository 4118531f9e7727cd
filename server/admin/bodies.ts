// Reads the bodies of HTTP requests, with a limit for each body and a limit for all bodies together.
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

/** All bodies together already take as much memory as they may. */
export class TooManyBodiesError extends Error {
  readonly code = 'TOO_MANY_BODIES';

  constructor() {
    super('too many bodies at the moment');
  }
}

/** Reads bodies, and counts the bytes of all bodies that are in use. */
export class Bodies {
  readonly #maxHeldBytes: number;
  #heldBytes = 0;

  /** @param maxHeldBytes most bytes of all bodies together; a body that is still arriving counts with the bytes that have arrived */
  constructor(maxHeldBytes: number) {
    this.#maxHeldBytes = maxHeldBytes;
  }

  /**
   * Reads a whole body and passes it to `use`.
   *
   * @param maxBytes most bytes of this body
   * @param use gets the body, which counts until the promise of `use` settles
   * @throws {BodyTooLargeError} as soon as that is known: before the body is read, if its length is given
   * @throws {TooManyBodiesError} when all bodies together are too large
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
