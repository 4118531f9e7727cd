// The sockets of a worker from accept on until their request has come whole: how many of one address there may be, and
// why those ended that never had one.
//
// uWS hands over a response object at accept. It may be touched within that call alone: once the socket has been
// upgraded or has ended, the object points at freed memory, and nothing tells that of this very socket. So an old
// half-open socket cannot be closed from here when the worker is full. What is safe is a handler of its end, which uWS
// calls until a request has been answered.
import type { HttpResponse } from 'uWebSockets.js';
import { AddressBlocks, addressKey, addressText, isProxied } from '../access/client-address.js';
import { type CutReason, refusals } from '../codes.js';
import type { Logger } from '../logger.js';
import type { ServerOptions } from '../options/server-options.js';

/** What is asked of a uWS response. */
export type HalfOpenResponse = Pick<
  HttpResponse,
  'close' | 'getProxiedRemoteAddress' | 'getRemoteAddress' | 'onAborted'
>;

/** What half-open sockets are counted with. */
export interface HalfOpenCounters {
  countRejected(reason: string): void;
}

/** uWS cuts an unfinished handshake when it is 8 to 12 s old: a time limit of 10 s, looked at every 4 s. */
const CUT_AFTER_MS = 8000;
/** A balancer sends its PROXY header as soon as it connects; a health check that sends none is over by then. */
const HEADER_WITHIN_MS = 1000;

/** Half-open sockets; see the top of this file. */
export class HalfOpenSockets {
  readonly #counters: HalfOpenCounters;
  readonly #logger: Logger;
  readonly #now: () => number;
  readonly #balancers: AddressBlocks | undefined;
  readonly #limitPerAddress: number | undefined;
  /** To read an address is a call of the kernel. */
  readonly #isAddressAsked: boolean;
  /** Half-open sockets by what counts as one client; only where there is a limit. */
  readonly #countOf = new Map<string, number>();
  /** Whether a PROXY header has been read: then those of this balancer can be. */
  #hasReadHeader = false;
  /** Whether the socket that ends now had sent a PROXY header that was read. */
  #isEndingProxied = false;
  #hasWarned = false;
  #hasHinted = false;

  /** @param now milliseconds of a clock that never goes back */
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

  /** A socket was accepted. It is closed at once when its address has as many half-open ones as it may have connections. */
  accepted(response: HalfOpenResponse): void {
    const address = this.#isAddressAsked ? addressOf(response) : '';
    const isBalancer = this.#isBalancer(address);
    // A balancer's sockets are those of many clients.
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
   * Its request has come. Nothing of it may be answered when this is false: the client has left, and the socket is
   * closed.
   */
  asked(response: HalfOpenResponse): boolean {
    if (this.#balancers !== undefined && !this.#hasReadHeader) this.#noteHeader(response);
    if (this.#limitPerAddress === undefined) return true;
    const address = addressOf(response);
    // Whoever has reset the socket has no address any more (getpeername(2)), but the handler of its end knows it.
    if (address === '') response.close();
    else if (!this.#isBalancer(address)) this.#remove(addressKey(address));
    return address !== '';
  }

  /** A socket ends that was not upgraded; the handler of its end, if it still has one, is called next. */
  ending(response: HalfOpenResponse): void {
    if (this.#balancers !== undefined) this.#isEndingProxied = this.#noteHeader(response);
  }

  /** @param balancer its address; empty for anybody else */
  #endedUnasked(balancer: string, ageMs: number): void {
    if (balancer !== '' && !this.#isEndingProxied) this.#endedHeaderless(balancer, ageMs);
    else if (ageMs >= CUT_AFTER_MS) this.#count('handshake_timeout');
  }

  /** A balancer's socket ended with neither a request nor a PROXY header that uWS can read. */
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
    // uWS answers PROXY version 1 with 505 at once; a health check that only connects looks the same from here.
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

  /** Whether one more is allowed. */
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

/** The other end as text; empty when it has reset the socket. */
function addressOf(response: HalfOpenResponse): string {
  const remote = response.getRemoteAddress();
  return remote.byteLength === 0 ? '' : addressText(remote);
}
