// The clock of the ping wheel: turns time into ticks, catches up without a burst, and measures how late it is.
import type { ServerOptions } from '../options/server-options.js';

/** What the clock is made of. Times are in milliseconds. */
export interface WheelClockParts {
  /** A monotonic clock, such as `performance.now`. */
  readonly now: () => number;
  readonly tickMs: number;
  /** Ticks of a whole turn of the wheel. */
  readonly turnTicks: number;
  /** Serves a tick. */
  readonly serve: (tick: number) => void;
  /** Gets the lateness of each tick served, in milliseconds. */
  readonly observeLag: (lagMs: number) => void;
  /** Gets how late the event loop served the timer of this clock, in milliseconds. */
  readonly observeDelay: (delayMs: number) => void;
}

/** Most ticks served at once: twice the usual rate while catching up. */
const MAX_TICKS_AT_ONCE = 2;

/** Slots of a turn where the interval is long enough: few enough that their arrays are well filled. */
const TURN_TICKS = 512;
/** Shorter ticks would wake the process, and those that it pings, for a few pings each: about 30% more CPU for a ping. */
const MIN_TICK_MS = 100;

/** Length of a tick for a ping interval, and how many ticks make a turn of exactly that interval. */
export function tickOf(intervalMs: number): { readonly tickMs: number; readonly turnTicks: number } {
  const turnTicks = Math.max(1, Math.min(TURN_TICKS, Math.floor(intervalMs / MIN_TICK_MS)));
  return { tickMs: intervalMs / turnTicks, turnTicks };
}

/** Without pings nothing is due at a tick: the ticks tell the delay of the loop, and each wakes an idle process up. */
const WITHOUT_PINGS = { tickMs: 500, turnTicks: 64 };

/** How the wheel turns, and the deadlines that are counted in its ticks. */
export interface WheelTimes {
  readonly tickMs: number;
  readonly turnTicks: number;
  readonly pingType: 'message' | 'frame' | 'off';
  /** Ticks that a pong may take. */
  readonly pongTimeoutTicks: number;
}

/** What the options ask of the wheel. */
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

/** Serves ticks 1, 2, 3… each at its time, or as soon after as is fair. */
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
   * Serves the ticks that are due by now. After a stall of more than a turn the whole turns that were missed are left
   * out, since each slot is owed one ping and not several.
   *
   * @returns when to poll again, in milliseconds from now: at the next tick, or a tick later while there are late ones
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
