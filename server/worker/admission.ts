// Who may come in after a correct handshake: from where, how fast, with what token, and how many of one address.
import type { AddressClaims } from '../access/address-claims.js';
import {
  AddressBlocks,
  type AddressSource,
  addressKey,
  clientAddress,
  isProxied,
} from '../access/client-address.js';
import { Origins } from '../access/origins.js';
import type { TokenVerifier } from '../access/token-verifier.js';
import { type Refusal, refusals } from '../codes.js';
import { TokenBucket } from '../command/token-bucket.js';
import type { ServerOptions } from '../options/server-options.js';
import { type Handshake, tokenOf } from './handshake.js';

/** What is decided about a client that may come in. */
export interface Admitted {
  /** For how many seconds its token holds from now on; Infinity for ever. */
  readonly validForS: number;
  /** What it counts as in the limit of connections per address; empty where there is none. */
  readonly address: string;
}

/** What is decided about any client. */
export type Verdict = Admitted | Refusal;

/** For whoever needs no token and is not counted: one object serves all. */
const admittedForEver: Admitted = { validForS: Number.POSITIVE_INFINITY, address: '' };

/** The checks, from the cheapest to the dearest. */
export class Admission {
  readonly #trustedProxies: AddressBlocks;
  readonly #origins: Origins | undefined;
  readonly #bucket: TokenBucket | undefined;
  readonly #verifier: TokenVerifier | undefined;
  readonly #claims: AddressClaims | undefined;

  /**
   * @param verifier where tokens are asked for
   * @param claims where the connections of an address are limited
   */
  constructor(
    options: Pick<ServerOptions, 'trustProxy' | 'allowedOrigins' | 'maxHandshakesPerSecond'>,
    verifier: TokenVerifier | undefined,
    claims: AddressClaims | undefined,
  ) {
    const { trustProxy = [], allowedOrigins, maxHandshakesPerSecond } = options;
    this.#trustedProxies = new AddressBlocks(trustProxy);
    this.#origins = allowedOrigins && new Origins(allowedOrigins);
    this.#bucket =
      maxHandshakesPerSecond === undefined
        ? undefined
        : new TokenBucket(maxHandshakesPerSecond, () => performance.now());
    this.#verifier = verifier;
    this.#claims = claims;
  }

  /**
   * Decides about a client: at once where nothing has to be waited for.
   *
   * @param source read before this returns
   * @returns a promise, which never rejects, where a token or an address has to be checked
   */
  admit(handshake: Handshake, source: AddressSource): Verdict | Promise<Verdict> {
    if (this.#origins?.allows(handshake.origin) === false) return refusals.foreignOrigin;
    // Reading an address is a call of the kernel, which few servers need.
    const isAsked = this.#claims !== undefined || isProxied(source);
    const address = isAsked ? clientAddress(source, this.#trustedProxies) : '';
    if (typeof address !== 'string') return address;
    if (this.#bucket?.take() === false) return refusals.tooManyHandshakes;
    if (this.#verifier?.isFull === true) return refusals.verifierBusy;
    if (this.#verifier === undefined && this.#claims === undefined) return admittedForEver;
    const token = this.#verifier === undefined ? '' : tokenOf(handshake);
    if (token === undefined) return refusals.noToken;
    return this.#admitLater(token, handshake.channel, addressKey(address));
  }

  /** A client that was admitted has left, or never came to be. */
  release(address: string): void {
    if (address !== '') this.#claims?.release(address);
  }

  async #admitLater(token: string, channel: string, address: string): Promise<Verdict> {
    const grant = (await this.#verifier?.verify(token, channel)) ?? admittedForEver;
    if ('status' in grant) return grant;
    if (this.#claims === undefined) return { validForS: grant.validForS, address: '' };
    if (!(await this.#claims.claim(address))) return refusals.tooManyOfAddress;
    return { validForS: grant.validForS, address };
  }
}
