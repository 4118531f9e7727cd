// Reads the frames that a server sends: an incremental parser of RFC 6455 section 5 that holds no buffer between frames.
import { isUtf8 } from 'node:buffer';

/** Opcodes of RFC 6455 section 5.2. */
export const OPCODES = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** The largest payload of a control frame, RFC 6455 section 5.5. */
export const MAX_CONTROL_PAYLOAD_BYTES = 125;

/** The largest message that is put together: what the server's `--max-message` allows at most. */
const MAX_MESSAGE_BYTES = 268_435_456;

/** Where frames go. Buffers handed over may alias the chunk that was read: they are valid during the call only. */
export interface FrameSink {
  /** A whole message, its fragments joined. Text is valid UTF-8. */
  onMessage(payload: Buffer, isBinary: boolean): void;
  onPing(payload: Buffer): void;
  onPong(): void;
  /** @param code 1005 where the frame carried none, RFC 6455 section 7.4.1 */
  onCloseFrame(code: number, reason: string): void;
}

/** What can be wrong with a frame: the sentence, and the close code that answers it (RFC 6455 section 7.4.1). */
export const FRAME_ERRORS = {
  RESERVED_BITS: ['a reserved bit is set', 1002],
  OPCODE: ['the opcode is reserved', 1002],
  MASKED: ['a server must not mask its frames', 1002],
  CONTROL_FRAGMENTED: ['a control frame is fragmented', 1002],
  CONTROL_TOO_BIG: ['a control frame carries more than 125 bytes', 1002],
  CONTINUATION: ['a continuation frame has nothing to continue', 1002],
  INTERLEAVED: ['a new message begins inside a fragmented one', 1002],
  CLOSE_PAYLOAD: ['a close frame carries one byte or a code that may not be sent', 1002],
  UTF8: ['a text message or a close reason is not UTF-8', 1007],
  TOO_BIG: [`a message is larger than ${MAX_MESSAGE_BYTES} bytes`, 1009],
} as const satisfies Record<string, readonly [string, number]>;

/** A violation of RFC 6455 by the server; nothing that follows it on the connection can be read. */
export class FrameError extends Error {
  readonly code: keyof typeof FRAME_ERRORS;
  readonly closeCode: number;

  constructor(code: keyof typeof FRAME_ERRORS) {
    super(FRAME_ERRORS[code][0]);
    this.code = code;
    this.closeCode = FRAME_ERRORS[code][1];
  }
}

/** Bytes that arrive in pieces. Grows by doubling, so that a length alone, claimed and never sent, takes no memory. */
class Pieces {
  bytes = Buffer.allocUnsafeSlow(0);
  used = 0;

  append(source: Buffer, start: number, end: number): void {
    const needed = this.used + end - start;
    if (needed > this.bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2, 16));
      this.bytes.copy(grown, 0, 0, this.used);
      this.bytes = grown;
    }
    source.copy(this.bytes, this.used, start, end);
    this.used = needed;
  }
}

interface FragmentedMessage {
  readonly isBinary: boolean;
  readonly pieces: Pieces;
}

const NO_BYTES = Buffer.alloc(0);

/** One per connection: two pointers (16 bytes), both empty between messages. */
export class FrameReader {
  /** The frame whose end has not arrived. */
  #partial: Pieces | undefined;
  /** The message whose last fragment has not arrived. */
  #message: FragmentedMessage | undefined;

  /**
   * Reads `chunk[start..end)`; frames may be cut anywhere. A frame that lies in the chunk as a whole is handed over in
   * place, without a copy.
   *
   * @returns false once a close frame has been read; what follows it is not looked at (RFC 6455 section 5.5.1)
   * @throws {FrameError}
   */
  read(chunk: Buffer, start: number, end: number, sink: FrameSink): boolean {
    let at = start;
    while (at < end) {
      if (this.#partial === undefined) {
        const size = frameBytes(chunk, at, end);
        if (at + size > end) {
          this.#partial = new Pieces();
          this.#partial.append(chunk, at, end);
          return true;
        }
        if (!this.#deliver(chunk, at, at + size, sink)) return false;
        at += size;
        continue;
      }
      const partial = this.#partial;
      const piece = Math.min(frameBytes(partial.bytes, 0, partial.used) - partial.used, end - at);
      partial.append(chunk, at, at + piece);
      at += piece;
      if (partial.used < frameBytes(partial.bytes, 0, partial.used)) continue;
      this.#partial = undefined;
      if (!this.#deliver(partial.bytes, 0, partial.used, sink)) return false;
    }
    return true;
  }

  /** Hands over the whole frame at `bytes[start..end)`; false for a close frame. */
  #deliver(bytes: Buffer, start: number, end: number, sink: FrameSink): boolean {
    const opcode = bytes[start]! & 0x0f;
    const isLast = bytes[start]! >= 0x80;
    const from = start + headerBytes(bytes[start + 1]!);
    if (opcode >= OPCODES.close) {
      const payload = from === end ? NO_BYTES : bytes.subarray(from, end);
      if (opcode === OPCODES.ping) sink.onPing(payload);
      else if (opcode === OPCODES.pong) sink.onPong();
      else deliverClose(payload, sink);
      return opcode !== OPCODES.close;
    }
    const message = this.#message;
    if (message === undefined) {
      if (opcode === OPCODES.continuation) throw new FrameError('CONTINUATION');
      const isBinary = opcode === OPCODES.binary;
      if (isLast) {
        deliverMessage(from === end ? NO_BYTES : bytes.subarray(from, end), isBinary, sink);
        return true;
      }
      this.#message = { isBinary, pieces: new Pieces() };
      this.#message.pieces.append(bytes, from, end);
      return true;
    }
    if (opcode !== OPCODES.continuation) throw new FrameError('INTERLEAVED');
    if (message.pieces.used + end - from > MAX_MESSAGE_BYTES) throw new FrameError('TOO_BIG');
    message.pieces.append(bytes, from, end);
    if (isLast) {
      this.#message = undefined;
      deliverMessage(message.pieces.bytes.subarray(0, message.pieces.used), message.isBinary, sink);
    }
    return true;
  }
}

const headerBytes = (second: number): number => (second < 126 ? 2 : second === 126 ? 4 : 10);

/**
 * How many bytes the frame at `bytes[start..end)` takes, as far as can be told: 2 until its first two bytes are there,
 * then its header, then header and payload. It is whole exactly when that many bytes are there.
 */
function frameBytes(bytes: Buffer, start: number, end: number): number {
  if (end - start < 2) return 2;
  const first = bytes[start]!;
  const second = bytes[start + 1]!;
  if ((first & 0x70) !== 0) throw new FrameError('RESERVED_BITS');
  if (second >= 0x80) throw new FrameError('MASKED');
  const opcode = first & 0x0f;
  if (opcode >= OPCODES.close) {
    if (opcode > OPCODES.pong) throw new FrameError('OPCODE');
    if (first < 0x80) throw new FrameError('CONTROL_FRAGMENTED');
    if (second > MAX_CONTROL_PAYLOAD_BYTES) throw new FrameError('CONTROL_TOO_BIG');
  } else if (opcode > OPCODES.binary) {
    throw new FrameError('OPCODE');
  }
  const header = headerBytes(second);
  if (header === 2) return 2 + second;
  if (end - start < header) return header;
  if (header === 4) return 4 + bytes.readUInt16BE(start + 2);
  const payloadBytes = bytes.readUInt32BE(start + 2) * 0x1_0000_0000 + bytes.readUInt32BE(start + 6);
  if (payloadBytes > MAX_MESSAGE_BYTES) throw new FrameError('TOO_BIG');
  return 10 + payloadBytes;
}

/** Text is checked when the message is whole: a fragment may end within a character (RFC 6455 sections 5.6 and 8.1). */
function deliverMessage(payload: Buffer, isBinary: boolean, sink: FrameSink): void {
  if (!isBinary && !isUtf8(payload)) throw new FrameError('UTF8');
  sink.onMessage(payload, isBinary);
}

function deliverClose(payload: Buffer, sink: FrameSink): void {
  if (payload.length === 0) {
    sink.onCloseFrame(1005, '');
    return;
  }
  if (payload.length === 1 || !maySendCloseCode(payload.readUInt16BE(0))) {
    throw new FrameError('CLOSE_PAYLOAD');
  }
  const reason = payload.subarray(2);
  if (!isUtf8(reason)) throw new FrameError('UTF8');
  sink.onCloseFrame(payload.readUInt16BE(0), reason.toString());
}

/** RFC 6455 section 7.4: 1004 to 1006 and 1015 never travel, 3000 to 4999 are free to use. */
const maySendCloseCode = (code: number): boolean =>
  (code >= 1000 && code <= 1014 && (code < 1004 || code > 1006)) || (code >= 3000 && code <= 4999);
