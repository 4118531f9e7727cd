// Clients for tests: the `ws` package as an independent WebSocket client, and raw sockets.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import WebSocket from 'ws';

export interface Received {
  readonly data: Buffer;
  readonly isBinary: boolean;
}

/** A connection of the `ws` package that keeps what it got. */
export class TestConnection {
  readonly socket: WebSocket;
  readonly received: Received[] = [];
  /** Empty text messages: the server's pings. */
  pings: number[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  #wake: (() => void)[] = [];

  constructor(url: string, options: WebSocket.ClientOptions = {}) {
    this.socket = new WebSocket(url, { perMessageDeflate: false, ...options });
    this.socket.on('error', () => {});
    this.socket.on('message', (data: Buffer, isBinary) => {
      if (data.byteLength === 0 && !isBinary) this.pings.push(performance.now());
      else this.received.push({ data, isBinary });
      for (const wake of this.#wake.splice(0)) wake();
    });
    this.closed = new Promise((resolve) => {
      this.socket.once('close', (code, reason) => {
        resolve({ code, reason: reason.toString() });
        for (const wake of this.#wake.splice(0)) wake();
      });
    });
  }

  /** Waits until a condition on what was received holds, or the connection is closed. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition() && this.socket.readyState !== WebSocket.CLOSED) {
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  async messages(count: number): Promise<Received[]> {
    await this.until(() => this.received.length >= count);
    return this.received;
  }

  get texts(): string[] {
    return this.received.map(({ data }) => data.toString());
  }
}

/** Opens one connection and waits until it is open. */
export async function open(url: string, options: WebSocket.ClientOptions = {}): Promise<TestConnection> {
  const connection = new TestConnection(url, options);
  await new Promise<void>((resolve, reject) => {
    connection.socket.once('open', resolve);
    connection.socket.once('error', reject);
  });
  return connection;
}

/** Opens many connections, some at a time. */
export async function openMany(count: number, urlOf: (i: number) => string): Promise<TestConnection[]> {
  const connections: TestConnection[] = [];
  for (let first = 0; first < count; first += 100) {
    const batch = Array.from({ length: Math.min(100, count - first) }, (_, i) => open(urlOf(first + i)));
    connections.push(...(await Promise.all(batch)));
  }
  return connections;
}

/** Ends connections without a word, so that a test can end. */
export function drop(connections: readonly TestConnection[]): void {
  for (const { socket } of connections) socket.terminate();
}

/** Sends bytes over a new socket; everything that came back until the other side closed. */
export async function exchange(port: number, bytes: string | Buffer): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => {});
  socket.write(bytes);
  await once(socket, 'close');
  return Buffer.concat(chunks).toString('latin1');
}

export const SAMPLE_KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

/** The bytes of an opening handshake, with headers replaced (or left out where `undefined`). */
export function handshakeBytes(
  path: string,
  replaced: Record<string, string | undefined> = {},
  start = 'GET',
): string {
  const headers: Record<string, string | undefined> = {
    Host: 'localhost',
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': SAMPLE_KEY,
    ...replaced,
  };
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${value}`],
  );
  return `${start} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`;
}

/** A raw socket that has done its handshake and reads nothing from then on. */
export async function openWithoutReading(
  port: number,
  channel: string,
  address = '127.0.0.1',
): Promise<Socket> {
  const socket = connect(port, address);
  socket.on('error', () => {});
  socket.write(handshakeBytes(`/${channel}`));
  const [answer] = await once(socket, 'data');
  if (!String(answer).startsWith('HTTP/1.1 101')) throw new Error(`refused: ${answer}`);
  socket.pause();
  return socket;
}
