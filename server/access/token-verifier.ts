// From a token to the channels that it opens, and until when. Verification takes a while, so there is a queue of it.
import { createLocalJWKSet, errors, type JWTVerifyGetKey, type JWTVerifyOptions, jwtVerify } from 'jose';
import { type Refusal, refusals } from '../codes.js';
import type { TokenKey } from './token-key.js';

/** What a valid token grants for one channel. */
export interface Grant {
  /** Seconds since 1970; Infinity without an `exp`. */
  readonly expiresAtS: number;
}

/** Verifications at a time: more would only wait for the thread pool, and hold the loop up when they end together. */
const MAX_RUNNING = 8;
/** Waiting ones: what comes beyond them is refused, so that a burst of bad tokens ends somewhere. */
const MAX_WAITING = 512;

/** Checks tokens: signature, `exp`, `nbf`, and the channels they name. */
export class TokenVerifier {
  readonly #findKey: JWTVerifyGetKey;
  readonly #options: JWTVerifyOptions;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor({ key, algorithms }: TokenKey) {
    this.#findKey = 'keys' in key ? createLocalJWKSet(key) : () => key;
    this.#options = { algorithms: [...algorithms] };
  }

  /** Whether more tokens wait than should: whoever comes now is to come again. */
  get isFull(): boolean {
    return this.#waiting.length >= MAX_WAITING;
  }

  /** Whether the token opens the channel; never rejects. */
  async verify(token: string, channel: string): Promise<Grant | Refusal> {
    if (this.#running >= MAX_RUNNING) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    } else {
      this.#running++;
    }
    try {
      return await this.#check(token, channel);
    } finally {
      // Whoever waits takes this one's place.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }

  async #check(token: string, channel: string): Promise<Grant | Refusal> {
    try {
      const { payload } = await jwtVerify(token, this.#findKey, this.#options);
      if (!opens(payload['channels'], channel)) return refusals.channelNotGranted;
      return { expiresAtS: payload.exp ?? Number.POSITIVE_INFINITY };
    } catch (error) {
      return error instanceof errors.JWTExpired ? refusals.expiredToken : refusals.badToken;
    }
  }
}

/** Whether a `channels` claim names the channel: exactly, or by its beginning before a trailing `*`. */
export function opens(channels: unknown, channel: string): boolean {
  if (!Array.isArray(channels)) return false;
  return channels.some(
    (name) =>
      typeof name === 'string' &&
      (name.endsWith('*') ? channel.startsWith(name.slice(0, -1)) : name === channel),
  );
}
