// Decides who may connect after a correct handshake: by origin, rate, token, and connections per address.
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

/** The decision about a client that may connect. */
export interface Admitted {
  /** How many seconds its token is still valid; Infinity if it never expires. */
  readonly validForS: number;
  /** The address that it counts under for the limit of connections per address; empty without such a limit. */
  readonly address: string;
}

/** The decision about any client. */
export type Verdict = Admitted | Refusal;

/** For every client that needs no token and is not counted: one shared object. */
const admittedForEver: Admitted = { validForS: Number.POSITIVE_INFINITY, address: '' };

/** The checks, from the cheapest to the most expensive. */
export class Admission {
  readonly #trustedProxies: AddressBlocks;
  readonly #origins: Origins | undefined;
  readonly #bucket: TokenBucket | undefined;
  readonly #verifier: TokenVerifier | undefined;
  readonly #claims: AddressClaims | undefined;

  /**
   * @param verifier checks the tokens; `undefined` if no token is required
   * @param claims counts connections per address; `undefined` without a limit
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
   * Decides about a client, synchronously if it can.
   *
   * @param source is not used after this returns
   * @returns a promise, which never rejects, if a token or an address has to be checked
   */
  admit(handshake: Handshake, source: AddressSource): Verdict | Promise<Verdict> {
    if (this.#origins?.allows(handshake.origin) === false) return refusals.foreignOrigin;
    // Reading an address is a system call, which few servers need.
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

  /** An admitted client has left, or its connection was never opened. */
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
