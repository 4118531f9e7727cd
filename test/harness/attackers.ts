// Raw sockets that say what no client should, and tell what came of it.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { handshakeBytes } from './sockets.js';

/** The channel of attackers: no message is published there, so whatever comes is an answer. */
export const ATTACKERS_CHANNEL = 'attackers';

/** A raw socket that keeps what it gets, and to which nothing that the server does is an error. */
export class RawSocket {
  readonly socket: Socket;
  /** Resolves when it is closed, by whichever side. */
  readonly closed: Promise<void>;
  #chunks: Buffer[] = [];
  #wake: (() => void)[] = [];

  /** @param localAddress where it comes from, such as another address of the loopback network */
  constructor(port: number, host = '127.0.0.1', localAddress?: string) {
    this.socket = connect({ port, host, localAddress, noDelay: true });
    this.socket.on('error', () => {});
    this.socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#wakeAll();
    });
    this.closed = new Promise((resolve) => {
      this.socket.once('close', () => {
        resolve();
        this.#wakeAll();
      });
    });
  }

  get isClosed(): boolean {
    return this.socket.closed;
  }

  /** Everything that came so far, a byte a character. */
  get text(): string {
    return Buffer.concat(this.#chunks).toString('latin1');
  }

  /** Forgets what came so far. */
  forget(): void {
    this.#chunks = [];
  }

  /** Resolves when the connection stands, or has failed. */
  async connected(): Promise<void> {
    await Promise.race([this.closed, once(this.socket, 'connect').catch(() => {})]);
  }

  write(bytes: string | Buffer): void {
    this.socket.write(bytes, 'latin1');
  }

  /** Sends each piece in a segment of its own: the next one when the kernel has taken the last. */
  async writeApart(pieces: Iterable<string | Buffer>): Promise<void> {
    for (const piece of pieces) {
      if (this.isClosed) return;
      await new Promise<void>((resolve) => this.socket.write(piece, 'latin1', () => resolve()));
    }
  }

  /** Waits until a condition on what came holds; whether it did before the socket was closed. */
  async until(condition: (text: string) => boolean): Promise<boolean> {
    while (!condition(this.text)) {
      if (this.isClosed) return false;
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
    return true;
  }

  /** Says that nothing more will be sent; all that came until the server closed. */
  async end(): Promise<string> {
    this.socket.end();
    await this.closed;
    return this.text;
  }

  /** Leaves with a RST, which also spares this machine a socket in TIME_WAIT. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  #wakeAll(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}

/** A raw socket after its handshake; rejects when the server refused it. */
export async function upgraded(port: number, host?: string, localAddress?: string): Promise<RawSocket> {
  const raw = new RawSocket(port, host, localAddress);
  raw.write(handshakeBytes(`/${ATTACKERS_CHANNEL}`));
  // uWS drops what comes in one segment with the handshake, so that frames have to wait for the answer.
  const isOpen = await raw.until((text) => text.includes('\r\n\r\n'));
  if (!isOpen || !raw.text.startsWith('HTTP/1.1 101 ')) throw new Error(`no handshake: ${raw.text}`);
  return raw;
}

/** What the server answers to bytes that nothing follows: each of them gets an answer, or an end, at once. */
export async function answerTo(port: number, bytes: string | Buffer): Promise<string> {
  const raw = new RawSocket(port);
  raw.write(bytes);
  return raw.end();
}

/** Runs attack after attack, `count` in all and so many at a time; each is handed its number. */
export async function swarm(
  count: number,
  atATime: number,
  attack: (i: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const attacker = async () => {
    while (next < count) await attack(next++);
  };
  await Promise.all(Array.from({ length: atATime }, attacker));
}

/** The status codes of the answers in what came over a socket, in order, such as `405 400`; empty when there is none. */
export const statusesIn = (text: string): string =>
  [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => match[1]).join(' ');

/** What stands in a frame (RFC 6455 section 5.2), whether it may stand there or not. */
export interface FrameParts {
  readonly opcode: number;
  readonly payload?: string | Buffer;
  readonly isFinal?: boolean;
  /** The three reserved bits. */
  readonly reserved?: number;
  readonly isMasked?: boolean;
  /** The length that it claims, where that is not its payload's. */
  readonly length?: bigint;
  /** Bits of the length's field, where that is not the shortest. */
  readonly lengthBits?: 7 | 16 | 64;
}

/** The mask of all frames; zeroes would hide whether it was applied. */
const MASK = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);

/** The bytes of a frame. */
export function frame(parts: FrameParts): Buffer {
  const { opcode, isFinal = true, reserved = 0, isMasked = true } = parts;
  const payload = Buffer.from(parts.payload ?? '');
  const length = parts.length ?? BigInt(payload.length);
  const header = lengthField(length, parts.lengthBits ?? shortest(length));
  header[0] = (isFinal ? 0x80 : 0) | (reserved << 4) | opcode;
  if (!isMasked) return Buffer.concat([header, payload]);
  header[1]! |= 0x80;
  return Buffer.concat([header, MASK, payload.map((byte, i) => byte ^ MASK[i & 3]!)]);
}

const shortest = (length: bigint): 7 | 16 | 64 => (length < 126n ? 7 : length < 65_536n ? 16 : 64);

/** A frame's first two bytes and what more its length takes; the first byte is left to be filled in. */
function lengthField(length: bigint, bits: 7 | 16 | 64): Buffer {
  if (bits === 7) return Buffer.from([0, Number(length)]);
  const header = Buffer.alloc(2 + bits / 8);
  header[1] = bits === 16 ? 126 : 127;
  if (bits === 16) header.writeUInt16BE(Number(length), 2);
  else header.writeBigUInt64BE(length, 2);
  return header;
}

/** Opcodes (RFC 6455 section 5.2). */
export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** A byte that begins no frame and no length of one: it has all reserved bits. */
const OUT_OF_STEP = 0xff;
/** More than the rest of any message that the server would wait for. */
const FENCE_PINGS = 9;
const FENCE_END = 'end of fence';

/**
 * Pings that follow what may be the beginning of a frame: they fill that frame up, and whoever then reads them out of
 * step meets a byte that is no frame. So the last one is answered, or the connection is closed; nobody has to guess how
 * long to wait. Their mask is of zeroes, so that the bytes are the same on the wire.
 */
const FENCE = Buffer.concat([
  ...Array.from({ length: FENCE_PINGS }, () =>
    Buffer.concat([Buffer.from([0x89, 0x80 | 125, 0, 0, 0, 0]), Buffer.alloc(125, OUT_OF_STEP)]),
  ),
  frame({ opcode: opcodes.ping, payload: FENCE_END }),
]);

/** Whether a connection is still open once the server has read all that was sent over it; forgets what came before. */
export function isOpenBehindFence(raw: RawSocket): Promise<boolean> {
  raw.forget();
  raw.write(FENCE);
  // A ping of the server's own may follow.
  return raw.until((text) => text.includes(FENCE_END));
}
