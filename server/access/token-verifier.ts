// From a token to the channels that it opens, and for how long. Verification takes a while, so there is a queue of it.
import { decodeProtectedHeader, errors, type JWTVerifyOptions, type JWTVerifyResult, jwtVerify } from 'jose';
import { type Refusal, refusals } from '../codes.js';
import type { TokenKey } from './token-key.js';

/** What a valid token grants for one channel. */
export interface Grant {
  /** Seconds from now on; Infinity without an `exp`. A span, since the wall clock may be set while it lasts. */
  readonly validForS: number;
}

/** Verifications at a time: more would only wait for the thread pool, and hold the loop up when they end together. */
const MAX_RUNNING = 8;
/** Waiting ones: what comes beyond them is refused, so that a burst of bad tokens ends somewhere. */
const MAX_WAITING = 512;

/** Checks tokens: signature, `exp`, `nbf`, and the channels they name. */
export class TokenVerifier {
  readonly #keys: readonly (TokenKey & { readonly options: JWTVerifyOptions })[];
  readonly #leewayS: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  /** @param leewayS how far the clock that made `nbf` and `exp` may differ from this one (RFC 7519 section 4.1.4) */
  constructor(keys: readonly TokenKey[], leewayS: number) {
    this.#keys = keys.map((key) => ({
      ...key,
      options: { algorithms: [...key.algorithms], clockTolerance: leewayS },
    }));
    this.#leewayS = leewayS;
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
      const { payload } = await this.#verifySignature(token);
      if (!opens(payload['channels'], channel)) return refusals.channelNotGranted;
      const { exp = Number.POSITIVE_INFINITY } = payload;
      return { validForS: exp + this.#leewayS - Date.now() / 1000 };
    } catch (error) {
      return error instanceof errors.JWTExpired ? refusals.expiredToken : refusals.badToken;
    }
  }

  /** Tries each key that the token may mean: without a name for its key, that is each one for its algorithm. */
  async #verifySignature(token: string): Promise<JWTVerifyResult> {
    const { alg = '', kid } = decodeProtectedHeader(token);
    let failure: Error = new errors.JWKSNoMatchingKey();
    for (const { key, algorithms, id, options } of this.#keys) {
      if (!algorithms.includes(alg)) continue;
      if (id !== undefined && kid !== undefined && id !== kid) continue;
      try {
        return await jwtVerify(token, key, options);
      } catch (error) {
        if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
        failure = error;
      }
    }
    throw failure;
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
