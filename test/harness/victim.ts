// A server under attack, with members that behave: what it has promised them, and whether it was kept.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { type ServerPlace, startServer, type TestServer } from './server.js';
import { open, openMany, type TestConnection } from './sockets.js';

const garbageCollection = fileURLToPath(new URL('garbage-collection.js', import.meta.url));

const CHANNEL = 'members';
const MEMBERS = 20;
/** Pause between two messages to the members. */
const BEAT_MS = 50;
/** How long a message may be on its way to all of them; a busy machine takes its share of it. */
const PROMPT_MS = 3000;
/** Lines of log that an attack may cause, however long it is: the gate's, the host's, none for each attacker. */
const LOG_LINES = 10;
/** By how much an attack may leave the worker larger than one like it has left it before. */
const MEMORY_SHARE = 0.05;
/**
 * The same in bytes: what V8 and malloc hold from one collection to the next. A semi-space of 1 MB fills and empties
 * all the time, and a thread gives pages back when it comes to it.
 */
const MEMORY_SLACK_BYTES = 2 * 1024 * 1024;
/** Collections before a reading that others are held against; V8 gives pages back a moment after each. */
const COLLECTIONS = 5;
/** How long the worker may take to give back what the attack made it take. */
const SETTLE_MS = 15_000;

/**
 * What one round of an attack does; it returns when no socket of it is left.
 *
 * @param isRehearsal for the round before the one that counts, which may leave out what only takes time
 */
export type Attack = (isRehearsal: boolean) => Promise<void>;

/** A server of one worker, and its members. */
export class Victim {
  readonly server: TestServer;
  readonly #members: readonly TestConnection[];
  readonly #workerPid: number;
  readonly #limit: number;
  /** Files that the worker has open when nobody is connected but the members. */
  readonly #files: number;
  #published = 0;
  #isBeating = false;
  /** The longest time that a message took to all members since the attack began. */
  #slowestMs = 0;

  constructor(
    server: TestServer,
    members: readonly TestConnection[],
    worker: { readonly pid: number; readonly limit: number; readonly files: number },
  ) {
    this.server = server;
    this.#members = members;
    this.#workerPid = worker.pid;
    this.#limit = worker.limit;
    this.#files = worker.files;
  }

  /**
   * Attacks, and checks what every attack leaves as it was: the worker, its memory, its log, its files, its members.
   * The first round shows what such an attack makes a worker keep for good, such as grown tables; the second one may
   * add nothing to that.
   */
  async survives(t: Test, attack: Attack): Promise<void> {
    await attack(true);
    await this.#untilAlone();
    const [memoryBytes, lines] = [await this.#leastBytes(), this.#logLines];

    const allowedBytes = memoryBytes * (1 + MEMORY_SHARE) + MEMORY_SLACK_BYTES;
    const startMs = performance.now();
    let seconds = 0;
    const leftBytes = await this.#whileBeating(async () => {
      await attack(false);
      await this.#untilAlone();
      seconds = (performance.now() - startMs) / 1000;
      return this.#settled(allowedBytes);
    });

    t.comment(
      `${seconds.toFixed(1)} s, slowest message ${this.#slowestMs.toFixed(0)} ms, ` +
        `memory ${megabytes(memoryBytes)} before, ${megabytes(leftBytes)} after`,
    );
    t.ok(this.#slowestMs < PROMPT_MS, `no message took longer than ${this.#slowestMs.toFixed(0)} ms`);
    this.#membersAreUnharmed(t);
    await this.#workerIsTheSame(t);
    t.ok(
      leftBytes <= allowedBytes,
      `${megabytes(leftBytes)} of memory, and ${megabytes(allowedBytes)} is allowed`,
    );
    t.equal(await openFiles(this.server), this.#files, 'as many open files as before');
    const said = this.#logLines - lines;
    t.ok(said <= LOG_LINES, `${said} lines of log`);
  }

  /** Checks that every place that attackers had is free again, and that there are no more: it fills the server up. */
  async hasAllItsRoom(t: Test): Promise<void> {
    const guests = await openMany(this.#limit - MEMBERS, () => this.server.url('guests'));
    t.equal((await this.server.stats()).connections, this.#limit, 'every place can be taken');
    await t.rejects(open(this.server.url('guests')), 'and no more');
    for (const { socket } of guests) socket.terminate();
    await this.#untilAlone();
    await this.server.untilReady();
  }

  get #logLines(): number {
    return this.server.process.lines.length;
  }

  /**
   * Pss_Anon of /proc/PID/smaps_rollup (proc_pid_smaps(5)) after a collection: what the worker has for itself. The
   * whole Pss would change with each other process of this machine that runs the same program.
   */
  async #memoryBytes(): Promise<number> {
    process.kill(this.#workerPid, 'SIGUSR2');
    // An answer of the worker: it has been through its loop, where signals are handled.
    await openFiles(this.server);
    const rollup = readFileSync(`/proc/${this.#workerPid}/smaps_rollup`, 'utf8');
    return Number(/^Pss_Anon:\s+(\d+) kB/m.exec(rollup)![1]) * 1024;
  }

  async #leastBytes(): Promise<number> {
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < COLLECTIONS; i++) least = Math.min(least, await this.#memoryBytes());
    return least;
  }

  /** Waits until no attacker is connected, or until they should be gone. */
  async #untilAlone(): Promise<void> {
    const endMs = performance.now() + SETTLE_MS;
    await this.server.until(
      async () => (await openFiles(this.server)) <= this.#files || performance.now() > endMs,
    );
  }

  /** The worker's memory once it is at most this, or when it has had its time. */
  async #settled(allowedBytes: number): Promise<number> {
    const endMs = performance.now() + SETTLE_MS;
    let bytes = 0;
    await this.server.until(async () => {
      bytes = await this.#memoryBytes();
      return bytes <= allowedBytes || performance.now() > endMs;
    });
    return bytes;
  }

  /** Does something while messages go to the members, and notes the slowest one. */
  async #whileBeating<T>(run: () => Promise<T>): Promise<T> {
    this.#slowestMs = 0;
    this.#isBeating = true;
    const beats = this.#beat();
    try {
      return await run();
    } finally {
      this.#isBeating = false;
      await beats;
    }
  }

  /** Publishes message after message, each when the last one has arrived everywhere, or is late. */
  async #beat(): Promise<void> {
    while (this.#isBeating) {
      const startMs = performance.now();
      await this.server.publish(CHANNEL, String(this.#published++)).catch(() => {});
      const late = deadline(PROMPT_MS);
      const arrived = this.#members.map((member) => member.messages(this.#published));
      await Promise.race([late.passed, Promise.all(arrived)]);
      late.cancel();
      this.#slowestMs = Math.max(this.#slowestMs, performance.now() - startMs);
      await new Promise((resolve) => setTimeout(resolve, BEAT_MS));
    }
  }

  #membersAreUnharmed(t: Test): void {
    const isOpen = this.#members.every(({ socket }) => socket.readyState === socket.OPEN);
    t.ok(isOpen, 'no member was closed');
    const all = Array.from({ length: this.#published }, (_, i) => String(i)).join();
    const missed = this.#members.filter(({ texts }) => texts.join() !== all).length;
    t.equal(missed, 0, `every member got each of ${this.#published} messages, once and in order`);
  }

  async #workerIsTheSame(t: Test): Promise<void> {
    t.same(
      (await this.server.stats()).workers.map(({ pid }) => pid),
      [this.#workerPid],
      'the worker is the same',
    );
    t.equal(await this.server.metric('tenm_worker_restarts_total'), 0, 'and never was another');
  }
}

/** Starts a server of one worker, on one port, with its members. */
export async function startVictim(
  t: Test,
  args: readonly string[] = [],
  place: ServerPlace = {},
): Promise<Victim> {
  const server = await startServer(t, ['--workers', '1', ...args], {
    ...place,
    environment: { NODE_OPTIONS: `--import=${garbageCollection}` },
  });
  const members = await openMany(MEMBERS, () => server.url(CHANNEL));
  t.teardown(() => members.forEach(({ socket }) => void socket.terminate()));
  return new Victim(server, members, {
    pid: (await server.stats()).workers[0]!.pid,
    limit: await server.metric('tenm_connections_limit'),
    files: await openFiles(server),
  });
}

const openFiles = (server: TestServer): Promise<number> => server.metric('tenm_open_fds');

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

function deadline(delayMs: number): { readonly passed: Promise<void>; cancel(): void } {
  let timer: NodeJS.Timeout | undefined;
  const passed = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, delayMs);
  });
  return { passed, cancel: () => clearTimeout(timer) };
}
