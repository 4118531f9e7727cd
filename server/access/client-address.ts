// The address of a client: told by the socket, or by a proxy that is trusted to say it.
import { BlockList, isIP } from 'node:net';
import { type Refusal, refusals } from '../codes.js';

/** What a uWS response knows of the other end; see `HttpResponse`. */
export interface AddressSource {
  getRemoteAddress(): ArrayBuffer;
  /** The source address of a PROXY protocol v2 header; empty without one. */
  getProxiedRemoteAddress(): ArrayBuffer;
}

/** Most addresses whose answer is remembered; a fleet of load balancers has fewer. */
const MAX_KNOWN = 1024;

/** Blocks of addresses, such as `10.0.0.0/8`, `2001:db8::/32` or a single address. */
export class AddressBlocks {
  readonly #blocks = new BlockList();
  /** Answers so far: to look one up costs a fraction of the search, which was measured at 4 to 10 µs. */
  readonly #known = new Map<string, boolean>();

  /** @param blocks that {@link isAddressBlock} accepts */
  constructor(blocks: readonly string[]) {
    for (const block of blocks) {
      const [address, prefix] = block.split('/') as [string, string?];
      const family = familyOf(address);
      this.#blocks.addSubnet(address, Number(prefix ?? (family === 'ipv4' ? 32 : 128)), family);
    }
  }

  has(address: string): boolean {
    const known = this.#known.get(address);
    if (known !== undefined) return known;
    const isInside = this.#blocks.check(address, familyOf(address));
    if (this.#known.size === MAX_KNOWN) this.#known.clear();
    this.#known.set(address, isInside);
    return isInside;
  }
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 4 ? 'ipv4' : 'ipv6');

/** Whether this is an address, or a block of them in CIDR notation (RFC 4632, RFC 4291 section 2.3). */
export function isAddressBlock(raw: string): boolean {
  const match = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(raw);
  const version = isIP(match?.[1] ?? '');
  return version !== 0 && Number(match?.[2] ?? 0) <= (version === 4 ? 32 : 128);
}

/** Whether a connection began with a PROXY header. */
export const isProxied = (source: AddressSource): boolean => source.getProxiedRemoteAddress().byteLength > 0;

/**
 * Where a client comes from.
 *
 * @param trusted whose PROXY headers are believed: uWS itself believes anyone
 */
export function clientAddress(source: AddressSource, trusted: AddressBlocks): string | Refusal {
  const remote = source.getRemoteAddress();
  // The socket of a client that has reset it already has no address any more (getpeername(2)).
  if (remote.byteLength === 0) return refusals.unknownAddress;
  const address = addressText(remote);
  if (!isProxied(source)) return address;
  return trusted.has(address) ? addressText(source.getProxiedRemoteAddress()) : refusals.untrustedProxy;
}

/** Bytes of an address as text; an IPv4 address that came over IPv6 (RFC 4291 section 2.5.5.2) as IPv4. */
export function addressText(address: ArrayBuffer): string {
  const bytes = Buffer.from(address);
  if (bytes.byteLength === 4) return bytes.join('.');
  if (bytes.readUInt32BE(8) === 0xffff && bytes.subarray(0, 8).every((byte) => byte === 0)) {
    return bytes.subarray(12).join('.');
  }
  return Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i).toString(16)).join(':');
}

/**
 * What counts as one client: an IPv4 address, or the /64 of an IPv6 address, which is the least that a network gets
 * (RFC 6177).
 *
 * @param address as {@link addressText} writes it
 */
export const addressKey = (address: string): string =>
  address.includes(':') ? address.split(':', 4).join(':') : address;
