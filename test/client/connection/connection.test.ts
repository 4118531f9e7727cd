import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import t from 'tap';
import {
  Connection,
  type ConnectionEnd,
  type ConnectionOwner,
} from '../../../client/connection/connection.js';
import { FrameError } from '../../../client/connection/frame-reader.js';
import { HandshakeError, SAMPLE_KEY } from '../../../client/connection/handshake.js';
import { freePorts } from '../../harness/ports.js';
import { rawServer } from '../../harness/websocket-server.js';

const accept = Buffer.from(
  `HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${SAMPLE_KEY.accept}\r\n\r\n`,
);

/** Writes down what a connection tells. */
class Record implements ConnectionOwner {
  readonly messages: string[] = [];
  readonly ended: Promise<ConnectionEnd>;
  readonly opened: Promise<Connection>;
  ends = 0;
  onMessageRead: (connection: Connection) => void = () => {};
  #onOpened: (connection: Connection) => void = () => {};
  #onEnded: (end: ConnectionEnd) => void = () => {};

  constructor() {
    this.opened = new Promise((resolve) => {
      this.#onOpened = resolve;
    });
    this.ended = new Promise((resolve) => {
      this.#onEnded = resolve;
    });
  }

  onOpen(connection: Connection): void {
    this.#onOpened(connection);
  }

  onMessage(connection: Connection, payload: Buffer): void {
    this.messages.push(payload.toString());
    this.onMessageRead(connection);
  }

  onPing(): void {}

  onPong(): void {}

  onEnd(_connection: Connection, end: ConnectionEnd): void {
    this.ends++;
    this.#onEnded(end);
  }
}

const open = (port: number, owner: ConnectionOwner): Connection =>
  new Connection(
    7,
    { address: '127.0.0.1', port, host: `127.0.0.1:${port}`, path: '/a', key: SAMPLE_KEY },
    owner,
  );

/** The close code of a client's frame, which is masked. */
function closeCodeOf(frame: Buffer): number {
  const mask = frame.subarray(2, 6);
  return ((frame[6]! ^ mask[0]!) << 8) | (frame[7]! ^ mask[1]!);
}

/** Answers the handshake with these bytes after it; resolves with what the client sends then. */
async function answering(...frames: Buffer[]) {
  let onReply: (bytes: Buffer) => void;
  const reply = new Promise<Buffer>((resolve) => {
    onReply = resolve;
  });
  const server = await rawServer((socket) =>
    socket.once('data', () => {
      socket.write(Buffer.concat([accept, ...frames]));
      socket.once('data', (bytes) => onReply(bytes));
    }),
  );
  return { ...server, reply };
}

t.test('text and close reasons that are not UTF-8 are answered with 1007', async (t) => {
  const cases: [name: string, frames: number[]][] = [
    ['a text message', [0x81, 2, 0x61, 0xff]],
    ['a text message in fragments', [0x01, 1, 0xe2, 0x00, 1, 0x82, 0x80, 1, 0x61]],
    ['a close reason', [0x88, 3, 0x03, 0xe8, 0xff]],
  ];
  for (const [name, bytes] of cases) {
    const { port, reply, close } = await answering(Buffer.from([0x81, 2, 0x68, 0x69]), Buffer.from(bytes));
    const record = new Record();
    open(port, record);
    t.equal(closeCodeOf(await reply), 1007, name);
    const end = await record.ended;
    t.equal(end.code, 1006, name);
    t.ok(end.error instanceof FrameError && end.error.code === 'UTF8', name);
    t.same(record.messages, ['hi'], 'what came before it is delivered, and nothing of it');
    await close();
  }
});

t.test('the answer and the frames may come in any pieces', async (t) => {
  const bytes = Buffer.concat([accept, Buffer.from([0x81, 2, 0x68, 0x69, 0x88, 2, 0x03, 0xe8])]);
  const server = await rawServer((socket) => {
    socket.setNoDelay(true);
    socket.once('data', async () => {
      for (const byte of bytes) {
        if (socket.destroyed) return;
        await new Promise((resolve) => socket.write(Buffer.from([byte]), resolve));
      }
    });
  });
  const record = new Record();
  open(server.port, record);
  t.match(await record.ended, { code: 1000, reason: '', error: undefined });
  t.same(record.messages, ['hi']);
  t.equal(record.ends, 1);
  await server.close();
});

t.test('a connection that is paused is not read, until it is resumed', async (t) => {
  const size = 1_000_000;
  const payload = Buffer.alloc(size, 'x');
  const header = Buffer.alloc(10);
  header.writeUInt16BE(0x827f, 0);
  header.writeBigUInt64BE(BigInt(size), 2);
  const sockets: Socket[] = [];
  const { port, close } = await rawServer((socket) => {
    sockets.push(socket);
    socket.once('data', () => socket.write(accept));
  });
  const record = new Record();
  const connection = open(port, record);
  await record.opened;
  connection.pause();
  // More than the kernel's buffers of both ends hold: only a reader lets it drain.
  for (let i = 0; i < 50; i++) sockets[0]!.write(Buffer.concat([header, payload]));
  const other = new Record();
  const reading = open(port, other);
  await other.opened;
  for (let i = 0; i < 50; i++) sockets[1]!.write(Buffer.concat([header, payload]));
  await once(sockets[1]!, 'drain');
  t.equal(record.messages.length, 0, 'nothing is read');
  t.ok(sockets[0]!.writableLength > 0, 'the server waits');
  connection.resume();
  await once(sockets[0]!, 'drain');
  for (const each of [connection, reading]) each.destroy();
  await Promise.all([record.ended, other.ended]);
  await close();
});

t.test('ends without a close frame tell why', async (t) => {
  const refused = new Record();
  open(await freePorts(1), refused);
  t.match(await refused.ended, { code: 1006, error: { code: 'ECONNREFUSED' } });

  const cutting = await rawServer((socket) => socket.once('data', () => socket.end('HTTP/1.1 1')));
  const cut = new Record();
  open(cutting.port, cut);
  const { error } = await cut.ended;
  t.ok(error instanceof HandshakeError && error.isPassing);
  await cutting.close();

  const { port, close } = await answering();
  const destroyed = new Record();
  const connection = open(port, destroyed);
  await destroyed.opened;
  t.equal(connection.isEnding, false);
  connection.destroy(new Error('idle timeout'));
  t.equal(connection.isEnding, true);
  t.match(await destroyed.ended, { code: 1006, error: { message: 'idle timeout' } });
  await close();
});

t.test('one that has not connected is destroyed as well', async (t) => {
  // A full backlog: the kernel answers no further connection.
  const server = createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 });
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const record = new Record();
  open(port, record).close(1000);
  t.match(await record.ended, { code: 1006, error: undefined });
  server.close();
});

t.test('what an owner throws is its own fault, and is not taken for the end of the connection', async (t) => {
  const { port, close } = await answering(Buffer.from([0x81, 2, 0x68, 0x69]));
  const record = new Record();
  record.onMessageRead = () => {
    throw new Error('a fault of the owner');
  };
  const uncaught = once(process, 'uncaughtException');
  const connection = open(port, record);
  t.match(await uncaught, [{ message: 'a fault of the owner' }]);
  connection.destroy();
  await record.ended;
  await close();
});
