// Finds clients that send without a pause. uSockets reads a socket again, before anybody else's, for as long as each read
// fills its buffer of 512 KiB, so that one of them can have a worker for itself.

/** Frames of one sender, without one of another between them, in one turn of the loop. No client has that much to say. */
const MAX_FRAMES_IN_A_ROW = 1000;

/** Counts the frames of whoever is read now. */
export class FloodGuard<T> {
  #sender: T | undefined;
  #frames = 0;
  #turn: NodeJS.Immediate | undefined;

  /** A client has sent a frame; true when it has sent too many. */
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
