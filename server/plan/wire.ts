// The bytes of a WebSocket message and its acknowledgement on the wire, including the headers of all layers.

/** Preamble, header, checksum and gap of an Ethernet frame (IEEE 802.3): 8 + 14 + 4 + 12. */
const ETHERNET_BYTES = 38;

/** IPv4 (RFC 791) without options. */
const IP_BYTES = 20;

/** TCP (RFC 9293) with the time stamps option (RFC 7323), which Linux sends by default. */
const TCP_BYTES = 32;

const SEGMENT_OVERHEAD_BYTES = ETHERNET_BYTES + IP_BYTES + TCP_BYTES;

/** Payload of a segment on Ethernet with an MTU of 1,500 bytes. */
const SEGMENT_PAYLOAD_BYTES = 1500 - IP_BYTES - TCP_BYTES;

/** A TLS 1.3 record: header, content type and tag (RFC 8446, 5.2). */
const TLS_RECORD_BYTES = 22;

/** Payload of one TLS record (RFC 8446, 5.1). */
const TLS_RECORD_PAYLOAD_BYTES = 16_384;

/** Bytes out (the message) and in (the acknowledgements). */
export interface WireBytes {
  readonly out: number;
  readonly in: number;
}

/**
 * The size of a message that is sent alone to one connection. Every second segment and the last one are acknowledged.
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
 * The size of a Redis `pmessage` (RESP2), without the headers of the layers below.
 *
 * @param channelBytes length of the channel's name
 * @param bytes payload
 */
export function pmessageBytes(channelBytes: number, bytes: number): number {
  const fixed = '*4\r\n$8\r\npmessage\r\n$1\r\n*\r\n'.length;
  const bulk = (length: number): number => `$${length}\r\n`.length + length + 2;
  return fixed + bulk(channelBytes) + bulk(bytes);
}
