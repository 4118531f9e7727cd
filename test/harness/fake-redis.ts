// A stand-in for Redis that answers each command as the test says, byte for byte.
import { createServer, type Socket } from 'node:net';
import { freePorts } from './ports.js';
import type { Teardown } from './server.js';

/** What is written for a command; nothing at all when it is `undefined`. */
export type Answer = (words: readonly string[], socket: Socket) => string | undefined;

export interface FakeRedis {
  readonly url: string;
  /** Every command so far. */
  readonly commands: (readonly string[])[];
  /** When each connection came, on the clock of `performance.now`. */
  readonly acceptedMs: number[];
  /** Those that are open. */
  readonly sockets: Set<Socket>;
}

/** The answer of a simple array of bulk strings. */
export const array = (...words: (string | number)[]): string =>
  `*${words.length}\r\n${words.map((word) => (typeof word === 'number' ? `:${word}\r\n` : `$${Buffer.byteLength(word)}\r\n${word}\r\n`)).join('')}`;

/** Answers as a master without users to what a publisher and a subscription ask. */
export const healthy: Answer = ([command = '', name = '']) => {
  switch (command.toUpperCase()) {
    case 'ROLE':
      return '*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n';
    case 'PUBLISH':
      return ':1\r\n';
    case 'SUBSCRIBE':
    case 'PSUBSCRIBE':
      return array(command.toLowerCase(), name, 1);
    case 'PING':
      return array('pong', '');
    case 'CONFIG':
      return array('notify-keyspace-events', '');
    default:
      return '+OK\r\n';
  }
};

/** Starts one on a free port. */
export async function startFakeRedis(t: Teardown, answer: Answer = healthy): Promise<FakeRedis> {
  const port = await freePorts(1);
  const fake: FakeRedis = {
    url: `redis://127.0.0.1:${port}`,
    commands: [],
    acceptedMs: [],
    sockets: new Set(),
  };
  const server = createServer((socket) => {
    fake.acceptedMs.push(performance.now());
    fake.sockets.add(socket);
    socket.on('error', () => {}).on('close', () => fake.sockets.delete(socket));
    socket.on('data', (data) => {
      for (const words of commandsOf(data.toString('latin1'))) {
        fake.commands.push(words);
        const bytes = answer(words, socket);
        if (bytes !== undefined) socket.write(bytes);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  t.teardown(() => {
    server.close();
    for (const socket of fake.sockets) socket.destroy();
  });
  return fake;
}

/** Commands of the tests are short: each comes whole in one segment. */
function commandsOf(text: string): string[][] {
  return text
    .split(/(?=\*\d+\r\n\$)/)
    .map((command) => [...command.matchAll(/\$\d+\r\n(.*?)\r\n(?=\$|$)/gs)].map(([, word]) => word!));
}
