// Keeps the sockets of a worker below its limit: stops listening at the limit, listens again when there is room.
//
// At the fd limit, the accept loop of uWS would spin at full CPU. Therefore sockets are counted from accept on, and the
// listeners are closed before the fd limit is reached. The kernel then gives new clients to other workers, or refuses them.

/** The dependencies of a gate. */
export interface GateParts {
  /** Most open sockets. */
  readonly limit: number;
  /** Starts to listen. Throws if a port cannot be bound. */
  readonly open: () => void;
  /** Stops listening at once: it is called from within the accept loop. */
  readonly close: () => void;
  /** Runs a function later; returns a handle for `clearTimeout`. */
  readonly later: (run: () => void, delayMs: number) => NodeJS.Timeout;
  /** Is called when the gate has opened, or has closed because it is full. */
  readonly changed: (isOpen: boolean, sockets: number) => void;
  /** Is called when there is room, but a port could not be bound again. The gate keeps trying. */
  readonly reopenFailed: (error: Error) => void;
}

/** Delay before reopening: with the whole port range, opening takes about 20 ms. */
const REOPEN_INTERVAL_MS = 1000;

/** Counts sockets; see the top of this file. */
export class Gate {
  readonly #parts: GateParts;
  #sockets = 0;
  #isOpen = false;
  #isShut = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: GateParts) {
    this.#parts = parts;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Starts to listen, unless the gate was shut before. Throws what `open` throws. */
  start(): void {
    if (!this.#isShut) this.#open();
  }

  /** A socket was accepted. */
  accepted(): void {
    this.#sockets++;
    if (this.#isOpen && this.#sockets >= this.#parts.limit) this.#close();
  }

  /** A socket was closed. */
  left(): void {
    this.#sockets--;
    if (!this.#isOpen && !this.#isShut && this.#timer === undefined) this.#reopenLater();
  }

  /** Stops listening for good. */
  shut(): void {
    this.#isShut = true;
    clearTimeout(this.#timer);
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#parts.close();
  }

  #reopenLater(): void {
    this.#timer = this.#parts.later(() => {
      this.#timer = undefined;
      if (this.#sockets >= this.#parts.limit) return;
      try {
        this.#open();
      } catch (error) {
        this.#parts.reopenFailed(error as Error);
        this.#reopenLater();
      }
    }, REOPEN_INTERVAL_MS);
  }

  #open(): void {
    this.#parts.open();
    this.#isOpen = true;
    this.#parts.changed(true, this.#sockets);
  }

  #close(): void {
    this.#isOpen = false;
    this.#parts.close();
    this.#parts.changed(false, this.#sockets);
  }
}
