// The slots of a load process: what it keeps for each of its connection numbers, besides the connection itself.

/** Where a slot is between being queued and being done with. */
export const PHASES = { queued: 0, connecting: 1, open: 2, waiting: 3, ended: 4, stopping: 5 } as const;

/** 12 bytes per slot, in typed arrays: a slot is the index. */
export class Slots {
  /** One of {@link PHASES}. */
  readonly phases: Uint8Array;
  /** By phase: when the attempt began, when the last frame came, or when the next attempt is due. ms of performance.now. */
  readonly timesMs: Float64Array;
  /** Attempts since the connection was last open, at most 255. */
  readonly attempts: Uint8Array;
  /** 1 once a connection of the slot has been open. */
  readonly wasMade: Uint8Array;
  /** 1 while a slot that the server asked to reconnect has not. */
  readonly owesReturn: Uint8Array;

  constructor(count: number) {
    this.phases = new Uint8Array(count);
    this.timesMs = new Float64Array(count);
    this.attempts = new Uint8Array(count);
    this.wasMade = new Uint8Array(count);
    this.owesReturn = new Uint8Array(count);
  }
}
