// The clock of the ping wheel: turns time into ticks, catches up without a burst, and measures how late it is.
import type { ServerOptions } from '../options/server-options.js';

/** The dependencies of the clock. Times are in milliseconds. */
export interface WheelClockParts {
  /** A monotonic clock, such as `performance.now`. */
  readonly now: () => number;
  readonly tickMs: number;
  /** The number of ticks of a revolution. */
  readonly turnTicks: number;
  /** Serves a tick. */
  readonly serve: (tick: number) => void;
  /** Gets how late each tick was served, in milliseconds. */
  readonly observeLag: (lagMs: number) => void;
  /** Gets how late the event loop served the timer of this clock, in milliseconds. */
  readonly observeDelay: (delayMs: number) => void;
}

/** Most ticks served at once. While catching up, this gives twice the usual rate. */
const MAX_TICKS_AT_ONCE = 2;

/** Ticks of a revolution, if the interval is long enough: few enough to keep the slots well filled. */
const TURN_TICKS = 512;
/** Shorter ticks would wake the process and its clients for a few pings each: about 30% more CPU time for a ping. */
const MIN_TICK_MS = 100;

/** Returns the length of a tick for a ping interval, and how many ticks make a revolution of exactly that interval. */
export function tickOf(intervalMs: number): { readonly tickMs: number; readonly turnTicks: number } {
  const turnTicks = Math.max(1, Math.min(TURN_TICKS, Math.floor(intervalMs / MIN_TICK_MS)));
  return { tickMs: intervalMs / turnTicks, turnTicks };
}

/** Without pings, the ticks only measure the delay of the event loop. They are rare, because each wakes an idle process. */
const WITHOUT_PINGS = { tickMs: 500, turnTicks: 64 };

/** The timing of the wheel, and the deadlines that are counted in its ticks. */
export interface WheelTimes {
  readonly tickMs: number;
  readonly turnTicks: number;
  readonly pingType: 'message' | 'frame' | 'off';
  /** The most ticks that a pong may take. */
  readonly pongTimeoutTicks: number;
}

/** Derives the timing of the wheel from the options. */
export function wheelTimes(
  options: Pick<ServerOptions, 'pingInterval' | 'pingType' | 'pongTimeout'>,
): WheelTimes {
  const isPinging = options.pingInterval > 0;
  const { tickMs, turnTicks } = isPinging ? tickOf(1000 * options.pingInterval) : WITHOUT_PINGS;
  return {
    tickMs,
    turnTicks,
    pingType: isPinging ? options.pingType : 'off',
    pongTimeoutTicks: Math.ceil((options.pongTimeout * 1000) / tickMs),
  };
}

/** Serves ticks 1, 2, 3… each when it is due, or later without a burst. */
export class WheelClock {
  readonly #parts: WheelClockParts;
  #startMs = 0;
  #served = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: WheelClockParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#startMs = this.#parts.now();
    this.#served = 0;
    this.#schedule(this.#parts.tickMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #schedule(delayMs: number): void {
    const { now, observeDelay } = this.#parts;
    const dueMs = now() + Math.ceil(delayMs);
    this.#timer = setTimeout(() => {
      observeDelay(Math.max(0, now() - dueMs));
      this.#schedule(this.poll());
    }, Math.ceil(delayMs));
  }

  /**
   * Serves the ticks that are due. After a stall of more than a revolution, whole missed revolutions are skipped, because
   * each slot is owed only one ping.
   *
   * @returns the delay until the next poll in milliseconds: until the next tick, or one tick while ticks are late
   */
  poll(): number {
    const { now, tickMs, turnTicks, serve, observeLag } = this.#parts;
    const elapsedMs = now() - this.#startMs;
    const due = Math.floor(elapsedMs / tickMs);
    const behind = due - this.#served;
    if (behind > turnTicks) this.#served += Math.floor((behind - 1) / turnTicks) * turnTicks;
    const until = Math.min(due, this.#served + MAX_TICKS_AT_ONCE);
    while (this.#served < until) {
      this.#served++;
      observeLag(elapsedMs - this.#served * tickMs);
      serve(this.#served);
    }
    return due > this.#served ? tickMs : this.#startMs + (due + 1) * tickMs - now();
  }
}
