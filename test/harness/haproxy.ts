// A real haproxy that leads TCP connections on, each of its ports with settings of its own.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from './ports.js';
import { TestProcess } from './processes.js';
import type { Teardown } from './server.js';

/** A port of haproxy and where it leads. */
export interface Lane {
  /** What stands behind `bind ADDRESS:PORT`. */
  readonly bind?: string;
  /** What stands behind `server NAME ADDRESS:PORT`. */
  readonly server: string;
  /** The port that it leads to, or the number of another lane. */
  readonly to: number | { readonly lane: number };
}

/** Starts haproxy in TCP mode; the port of each lane, in their order. */
export async function startHaproxy(t: Teardown, lanes: readonly Lane[]): Promise<readonly number[]> {
  const first = await freePorts(lanes.length + 1);
  const readyPort = first + lanes.length;
  const ports = lanes.map((_, i) => first + i);
  const config = [
    'defaults',
    '  mode tcp',
    '  timeout connect 5s',
    '  timeout client 60s',
    '  timeout server 60s',
    '  unique-id-format %{+X}o-%ci-%cp-%rt',
    // A lane to nowhere, which tells that haproxy listens without a connection to anybody.
    'listen ready',
    `  bind 127.0.0.1:${readyPort}`,
    ...lanes.flatMap(({ bind = '', server, to }, i) => [
      `listen lane${i}`,
      `  bind 127.0.0.1:${ports[i]} ${bind}`,
      `  server s 127.0.0.1:${typeof to === 'number' ? to : ports[to.lane]} ${server}`,
    ]),
  ];
  const folder = mkdtempSync(join(tmpdir(), '10m-haproxy-'));
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(file, `${config.join('\n')}\n`);
  const process = new TestProcess('haproxy', ['-db', '-f', file]);
  t.teardown(async () => {
    await process.stop();
    rmSync(folder, { recursive: true });
  });
  const ended = process.exited.then(() => {
    throw new Error(`haproxy ended:\n${process.lines.join('\n')}`);
  });
  ended.catch(() => {});
  await Promise.race([ended, untilListening(readyPort)]);
  return ports;
}

async function untilListening(port: number): Promise<void> {
  for (;;) {
    const isListening = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => resolve(false));
    });
    if (isListening) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
