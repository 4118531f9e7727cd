// Bytes on the wire of a WebSocket message and its acknowledgement, headers of every layer included.

/** Preamble, header, checksum and gap of an Ethernet frame (IEEE 802.3): 8 + 14 + 4 + 12. */
const ETHERNET_BYTES = 38;

/** IPv4 (RFC 791) without options. */
const IP_BYTES = 20;

/** TCP (RFC 9293) with the time stamps option (RFC 7323), which Linux sends by default. */
const TCP_BYTES = 32;

const SEGMENT_OVERHEAD_BYTES = ETHERNET_BYTES + IP_BYTES + TCP_BYTES;

/** What fits into a segment of a 1,500-byte Ethernet. */
const SEGMENT_PAYLOAD_BYTES = 1500 - IP_BYTES - TCP_BYTES;

/** A TLS 1.3 record: header, content type and tag (RFC 8446, 5.2). */
const TLS_RECORD_BYTES = 22;

/** What fits into one TLS record (RFC 8446, 5.1). */
const TLS_RECORD_PAYLOAD_BYTES = 16_384;

/** Bytes out (the message) and in (the acknowledgements). */
export interface WireBytes {
  readonly out: number;
  readonly in: number;
}

/**
 * A message of `bytes` sent alone to one connection. An acknowledgement answers every second segment and the last one.
 *
 * @param bytes payload; 0 for a ping
 */
export function messageOnWire(bytes: number, tls: boolean): WireBytes {
  const framed = bytes + frameHeaderBytes(bytes);
  const encrypted = tls ? framed + TLS_RECORD_BYTES * Math.ceil(framed / TLS_RECORD_PAYLOAD_BYTES) : framed;
  const segments = Math.ceil(encrypted / SEGMENT_PAYLOAD_BYTES);
  return {
    out: encrypted + segments * SEGMENT_OVERHEAD_BYTES,
    in: Math.ceil(segments / 2) * SEGMENT_OVERHEAD_BYTES,
  };
}

/** The header of an unmasked frame (RFC 6455, 5.2). */
const frameHeaderBytes = (bytes: number): number => (bytes < 126 ? 2 : bytes < 65_536 ? 4 : 10);

/**
 * A `pmessage` of Redis (RESP2) as its subscriber gets it, without the layers below.
 *
 * @param channelBytes length of the channel's name
 * @param bytes payload
 */
export function pmessageBytes(channelBytes: number, bytes: number): number {
  const fixed = '*4\r\n$8\r\npmessage\r\n$1\r\n*\r\n'.length;
  const bulk = (length: number): number => `$${length}\r\n`.length + length + 2;
  return fixed + bulk(channelBytes) + bulk(bytes);
}
