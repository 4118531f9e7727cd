// Verifies tokens: which channels a token opens, and for how long. Verification takes time, so there is a queue.
import { decodeProtectedHeader, errors, type JWTVerifyOptions, type JWTVerifyResult, jwtVerify } from 'jose';
import { type Refusal, refusals } from '../codes.js';
import type { TokenKey } from './token-key.js';

/** The access that a valid token grants to one channel. */
export interface Grant {
  /** Seconds from now; Infinity without `exp`. It is a duration, because the wall clock may be set in the meantime. */
  readonly validForS: number;
}

/** Most verifications at a time: more would only wait for the thread pool, and block the loop if they end together. */
const MAX_RUNNING = 8;
/** Most waiting verifications. Further tokens are refused, which limits a burst of bad tokens. */
const MAX_WAITING = 512;

/** Checks the signature, `exp`, `nbf` and the channels of tokens. */
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

  /** Whether the queue is full: a client that connects now should try again later. */
  get isFull(): boolean {
    return this.#waiting.length >= MAX_WAITING;
  }

  /** Checks whether the token opens the channel. The promise never rejects. */
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
      // The next in the queue takes this place.
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

  /** Tries each key that the token may mean. If the token names no key, that is each key for its algorithm. */
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

/** Whether a `channels` claim names the channel: exactly, or by a prefix before a trailing `*`. */
export function opens(channels: unknown, channel: string): boolean {
  if (!Array.isArray(channels)) return false;
  return channels.some(
    (name) =>
      typeof name === 'string' &&
      (name.endsWith('*') ? channel.startsWith(name.slice(0, -1)) : name === channel),
  );
}
