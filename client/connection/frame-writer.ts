// Writes the control frames that a client owes a server: masked, RFC 6455 section 5.3.
import { randomFillSync } from 'node:crypto';
import { OPCODES } from './frame-reader.js';

/** @param payload what the ping carried, at most 125 bytes; it is copied */
export const pongFrame = (payload: Buffer): Buffer => controlFrame(OPCODES.pong, payload);

/** @param code a code that may be sent (RFC 6455 section 7.4), or 1005 for a frame without one */
export function closeFrame(code: number): Buffer {
  if (code === 1005) return controlFrame(OPCODES.close, Buffer.alloc(0));
  const payload = Buffer.allocUnsafe(2);
  payload.writeUInt16BE(code);
  return controlFrame(OPCODES.close, payload);
}

function controlFrame(opcode: number, payload: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(6 + payload.length);
  frame[0] = 0x80 | opcode;
  frame[1] = 0x80 | payload.length;
  randomFillSync(frame, 2, 4);
  for (let i = 0; i < payload.length; i++) frame[6 + i] = payload[i]! ^ frame[2 + (i & 3)]!;
  return frame;
}
