// Finds clients that send without a pause. As long as each read fills its buffer of 512 KiB, uSockets reads the same socket
// again before any other. One such client can therefore take up a whole worker.

/** Most consecutive frames of one sender in one event-loop turn. No honest client sends so many. */
const MAX_FRAMES_IN_A_ROW = 1000;

/** Counts the consecutive frames of the current sender. */
export class FloodGuard<T> {
  #sender: T | undefined;
  #frames = 0;
  #turn: NodeJS.Immediate | undefined;

  /** Counts a frame of a client. Returns true if the client has sent too many. */
  isFlood(sender: T): boolean {
    if (sender !== this.#sender) {
      this.#sender = sender;
      this.#frames = 0;
      this.#turn ??= setImmediate(this.#nextTurn);
    }
    return ++this.#frames > MAX_FRAMES_IN_A_ROW;
  }

  readonly #nextTurn = (): void => {
    this.#turn = undefined;
    this.#sender = undefined;
  };
}
