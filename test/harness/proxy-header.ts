// Headers of the PROXY protocol, as load balancers write them (the specification of HAProxy).

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');

/**
 * A header of version 2 for a TCP connection (section 2.2).
 *
 * @param source 4 or 16 bytes
 * @param extensionBytes what follows the addresses: one TLV of type NOOP, of 3 bytes or more (section 2.2.7)
 */
export function proxyHeader(source: readonly number[], extensionBytes = 0): Buffer {
  const family = source.length === 4 ? 0x11 : 0x21;
  const addresses = [...source, ...source.map(() => 1), 0x30, 0x39, 0x27, 0x10];
  const extension = Buffer.alloc(extensionBytes);
  if (extensionBytes > 0) {
    extension[0] = 0x04;
    extension.writeUInt16BE(extensionBytes - 3, 1);
  }
  const length = Buffer.alloc(2);
  length.writeUInt16BE(addresses.length + extensionBytes);
  return Buffer.concat([SIGNATURE, Buffer.from([0x21, family]), length, Buffer.from(addresses), extension]);
}
