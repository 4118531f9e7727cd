// The half-open sockets of a worker: accepted, but without a complete request yet. Limits them per address, and counts why
// those ended that never sent a request.
//
// uWS passes a response object at accept. It may be used only within that call: once the socket has been upgraded or has
// ended, the object points at freed memory, and there is no way to know that. So a full worker cannot close its old
// half-open sockets. An abort handler is safe: uWS calls it if the socket ends before a request has been answered.
import type { HttpResponse } from 'uWebSockets.js';
import { AddressBlocks, addressKey, addressText, isProxied } from '../access/client-address.js';
import { type CutReason, refusals } from '../codes.js';
import type { Logger } from '../logger.js';
import type { ServerOptions } from '../options/server-options.js';

/** The part of a uWS response that is used here. */
export type HalfOpenResponse = Pick<
  HttpResponse,
  'close' | 'getProxiedRemoteAddress' | 'getRemoteAddress' | 'onAborted'
>;

/** The counters that half-open sockets write. */
export interface HalfOpenCounters {
  countRejected(reason: string): void;
}

/** uWS closes an unfinished handshake after 8 to 12 s: it has a timeout of 10 s, and checks it every 4 s. */
const CUT_AFTER_MS = 8000;
/** A load balancer sends its PROXY header as soon as it connects. A health check that sends none has ended by then. */
const HEADER_WITHIN_MS = 1000;

/** Half-open sockets; see the top of this file. */
export class HalfOpenSockets {
  readonly #counters: HalfOpenCounters;
  readonly #logger: Logger;
  readonly #now: () => number;
  readonly #balancers: AddressBlocks | undefined;
  readonly #limitPerAddress: number | undefined;
  /** Whether addresses are needed: reading one is a system call. */
  readonly #isAddressAsked: boolean;
  /** The number of half-open sockets per client address (see `addressKey`); only with a limit. */
  readonly #countOf = new Map<string, number>();
  /** Whether any PROXY header has been read: then the load balancer sends headers that uWS can read. */
  #hasReadHeader = false;
  /** Whether the socket that is ending had sent a readable PROXY header. */
  #isEndingProxied = false;
  #hasWarned = false;
  #hasHinted = false;

  /** @param now a monotonic clock in milliseconds */
  constructor(
    { trustProxy, maxConnectionsPerIp }: Pick<ServerOptions, 'trustProxy' | 'maxConnectionsPerIp'>,
    counters: HalfOpenCounters,
    logger: Logger,
    now: () => number = () => performance.now(),
  ) {
    this.#balancers = trustProxy && new AddressBlocks(trustProxy);
    this.#limitPerAddress = maxConnectionsPerIp;
    this.#isAddressAsked = trustProxy !== undefined || maxConnectionsPerIp !== undefined;
    this.#counters = counters;
    this.#logger = logger;
    this.#now = now;
  }

  /** Accepts a socket, or closes it at once if its address has as many half-open sockets as it may have connections. */
  accepted(response: HalfOpenResponse): void {
    const address = this.#isAddressAsked ? addressOf(response) : '';
    const isBalancer = this.#isBalancer(address);
    // The sockets of a load balancer belong to many clients.
    const key = this.#limitPerAddress === undefined || isBalancer ? '' : addressKey(address);
    if (key !== '' && !this.#add(key)) {
      this.#counters.countRejected(refusals.tooManyOfAddress.reason);
      response.close();
      return;
    }
    const acceptedAtMs = this.#now();
    response.onAborted(() => {
      if (key !== '') this.#remove(key);
      this.#endedUnasked(isBalancer ? address : '', this.#now() - acceptedAtMs);
    });
  }

  /**
   * The request of a socket has arrived. Returns false if the client has left: the socket is then closed, and the request
   * must not be answered.
   */
  asked(response: HalfOpenResponse): boolean {
    if (this.#balancers !== undefined && !this.#hasReadHeader) this.#noteHeader(response);
    if (this.#limitPerAddress === undefined) return true;
    const address = addressOf(response);
    // A socket that the client has reset has no address any more (getpeername(2)), but its abort handler knows the address.
    if (address === '') response.close();
    else if (!this.#isBalancer(address)) this.#remove(addressKey(address));
    return address !== '';
  }

  /** A socket that was not upgraded is ending. Its abort handler, if it still has one, is called next. */
  ending(response: HalfOpenResponse): void {
    if (this.#balancers !== undefined) this.#isEndingProxied = this.#noteHeader(response);
  }

  /** @param balancer the address of the load balancer; empty if the socket is not from one */
  #endedUnasked(balancer: string, ageMs: number): void {
    if (balancer !== '' && !this.#isEndingProxied) this.#endedHeaderless(balancer, ageMs);
    else if (ageMs >= CUT_AFTER_MS) this.#count('handshake_timeout');
  }

  /** A load balancer's socket ended with neither a request nor a PROXY header that uWS can read. */
  #endedHeaderless(balancer: string, ageMs: number): void {
    if (ageMs >= HEADER_WITHIN_MS) {
      this.#count('proxy_unreadable');
      if (!this.#hasWarned) {
        this.#logger.warn(
          'a load balancer sent no PROXY header that can be read, and no request: most likely version 2 with extensions (TLVs)',
          {
            balancer,
            fix: 'no extensions (haproxy: send-proxy-v2 without proxy-v2-options), or the address kept without PROXY (AWS NLB: client IP preservation); see docs/operations.md',
          },
        );
      }
      this.#hasWarned = true;
      return;
    }
    // uWS answers PROXY version 1 with 505 at once. A health check that only connects looks the same from here.
    if (this.#hasReadHeader) return;
    this.#count('proxy_unreadable');
    if (!this.#hasHinted) {
      this.#logger.info(
        'a load balancer connected and sent no PROXY header of version 2: a health check, or version 1',
        {
          balancer,
          fix: 'version 2 (haproxy: send-proxy-v2), and health checks of /readyz; see docs/operations.md',
        },
      );
    }
    this.#hasHinted = true;
  }

  #isBalancer(address: string): boolean {
    return address !== '' && this.#balancers?.has(address) === true;
  }

  #count(reason: CutReason): void {
    this.#counters.countRejected(reason);
  }

  #noteHeader(response: HalfOpenResponse): boolean {
    const isRead = isProxied(response);
    this.#hasReadHeader ||= isRead;
    return isRead;
  }

  /** Counts one more half-open socket. Returns false if the limit is reached. */
  #add(key: string): boolean {
    const count = this.#countOf.get(key) ?? 0;
    if (count >= this.#limitPerAddress!) return false;
    this.#countOf.set(key, count + 1);
    return true;
  }

  #remove(key: string): void {
    const count = this.#countOf.get(key) ?? 0;
    if (count > 1) this.#countOf.set(key, count - 1);
    else this.#countOf.delete(key);
  }
}

/** The address of the peer as text; empty if the peer has reset the socket. */
function addressOf(response: HalfOpenResponse): string {
  const remote = response.getRemoteAddress();
  return remote.byteLength === 0 ? '' : addressText(remote);
}
