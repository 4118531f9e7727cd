// Attackers that write as fast as they can, on a thread of their own, so that they do not hold up the members.
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { type FrameParts, frame, swarm, upgraded } from './attackers.js';

/** What is sent, over how many connections and for how long. */
export interface Flood {
  readonly host: string;
  readonly port: number;
  readonly attackers: number;
  readonly opcode: number;
  readonly payload: string;
  /** What is sent before: the beginning of a message, where the frames of the flood go on with one. */
  readonly first?: FrameParts;
  readonly isFinal?: boolean;
  /** Whether the attackers read what is answered. */
  readonly isReading: boolean;
  readonly durationMs: number;
}

const WRITE_BYTES = 64_000;

/** Floods a server; resolves when all attackers have left. */
export async function flood(what: Flood): Promise<void> {
  await once(new Worker(fileURLToPath(import.meta.url), { workerData: what }), 'exit');
}

async function attack({
  host,
  port,
  attackers,
  opcode,
  payload,
  first,
  isFinal = true,
  isReading,
  durationMs,
}: Flood): Promise<void> {
  const one = frame({ opcode, payload, isFinal });
  const many = Buffer.concat(Array(Math.ceil(WRITE_BYTES / one.length)).fill(one));
  const endMs = performance.now() + durationMs;
  await swarm(attackers, attackers, async () => {
    const raw = await upgraded(port, host);
    if (!isReading) raw.socket.pause();
    if (first !== undefined) raw.write(frame(first));
    while (!raw.isClosed && performance.now() < endMs) {
      raw.forget();
      await raw.writeApart([many]);
      // A write that the kernel takes at once calls back at once: the others would never come to write.
      await new Promise((resolve) => setImmediate(resolve));
    }
    raw.reset();
    await raw.closed;
  });
}

if (!isMainThread) await attack(workerData as Flood);
