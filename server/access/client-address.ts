// The address of a client: from the socket, or from the PROXY header of a trusted proxy.
import { BlockList, isIP } from 'node:net';
import { type Refusal, refusals } from '../codes.js';

/** The methods of a uWS response that return the address of the peer; see `HttpResponse`. */
export interface AddressSource {
  getRemoteAddress(): ArrayBuffer;
  /** The source address of a PROXY protocol v2 header; empty without one. */
  getProxiedRemoteAddress(): ArrayBuffer;
}

/** Most addresses in the cache; a fleet of load balancers has fewer. */
const MAX_KNOWN = 1024;

/** Blocks of addresses, such as `10.0.0.0/8`, `2001:db8::/32` or a single address. */
export class AddressBlocks {
  readonly #blocks = new BlockList();
  /** A cache of answers: a lookup costs a fraction of the search, which takes 4 to 10 µs (measured). */
  readonly #known = new Map<string, boolean>();

  /** @param blocks only blocks that {@link isAddressBlock} accepts */
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

/** Whether this is an address, or a block of addresses in CIDR notation (RFC 4632, RFC 4291 section 2.3). */
export function isAddressBlock(raw: string): boolean {
  const match = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(raw);
  const version = isIP(match?.[1] ?? '');
  return version !== 0 && Number(match?.[2] ?? 0) <= (version === 4 ? 32 : 128);
}

/** Whether a connection began with a PROXY header. */
export const isProxied = (source: AddressSource): boolean => source.getProxiedRemoteAddress().byteLength > 0;

/**
 * Returns the address of a client.
 *
 * @param trusted the proxies whose PROXY headers are accepted: uWS itself accepts them from anyone
 */
export function clientAddress(source: AddressSource, trusted: AddressBlocks): string | Refusal {
  const remote = source.getRemoteAddress();
  // A socket that the client has reset has no address any more (getpeername(2)).
  if (remote.byteLength === 0) return refusals.unknownAddress;
  const address = addressText(remote);
  if (!isProxied(source)) return address;
  return trusted.has(address) ? addressText(source.getProxiedRemoteAddress()) : refusals.untrustedProxy;
}

/** Formats the bytes of an address as text. An IPv4-mapped IPv6 address (RFC 4291 section 2.5.5.2) becomes IPv4. */
export function addressText(address: ArrayBuffer): string {
  const bytes = Buffer.from(address);
  if (bytes.byteLength === 4) return bytes.join('.');
  if (bytes.readUInt32BE(8) === 0xffff && bytes.subarray(0, 8).every((byte) => byte === 0)) {
    return bytes.subarray(12).join('.');
  }
  return Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i).toString(16)).join(':');
}

/**
 * Returns the key that counts as one client: an IPv4 address, or the /64 of an IPv6 address, which is the smallest block
 * that a network gets (RFC 6177).
 *
 * @param address as {@link addressText} writes it
 */
export const addressKey = (address: string): string =>
  address.includes(':') ? address.split(':', 4).join(':') : address;
