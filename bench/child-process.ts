// A program that a benchmark has started: whether it still runs, its output, and its end.
import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

const STOP_TIMEOUT_MS = 5_000;
const OUTPUT_KEPT_BYTES = 4_096;

/** Every program that runs: none is left behind, however this process ends. */
const running = new Set<Child>();
process.on('exit', () => {
  for (const child of running) child.kill();
});

/** A started program and the processes below it. */
export class Child {
  readonly name: string;
  readonly #process: ChildProcess;
  readonly #ended: Promise<void>;
  #output = '';
  #end: string | undefined;

  constructor(command: string, args: readonly string[], environment = process.env) {
    this.name = command;
    // A process group of its own: Ctrl-C reaches this process only, which ends the others in order.
    this.#process = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      env: environment,
    });
    running.add(this);
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.on('data', (chunk) => {
        this.#output = `${this.#output}${chunk}`.slice(-OUTPUT_KEPT_BYTES);
      });
    }
    this.#ended = new Promise((resolve) => {
      const end = (reason: string) => {
        this.#end = reason;
        running.delete(this);
        resolve();
      };
      this.#process.once('error', (error) => end(error.message));
      this.#process.once('exit', (code, signal) => end(signal ?? `exit code ${code}`));
    });
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** @throws {Error} with the output of the program, once it has ended */
  assertRunning(): void {
    if (this.#end === undefined) return;
    throw new Error(`${this.name} has ended (${this.#end}): ${this.#output.trim() || 'it said nothing'}`);
  }

  /** Asks it to end, waits, and kills what is left. */
  async stop(): Promise<void> {
    if (this.#end !== undefined) return;
    this.#process.kill('SIGTERM');
    const deadline = new AbortController();
    await Promise.race([
      this.#ended,
      sleep(STOP_TIMEOUT_MS, undefined, { signal: deadline.signal }).catch(() => {}),
    ]);
    deadline.abort();
    killGroup(this.pid);
    await this.#ended;
  }

  /** Kills it and its process group. */
  kill(): void {
    if (this.#end === undefined && this.pid > 0) killGroup(this.pid);
  }
}

/** @param leader 0 where the program could not be started: that would be this process's own group */
function killGroup(leader: number): void {
  if (leader === 0) return;
  try {
    process.kill(-leader, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/**
 * Polls until `isSo` returns true.
 *
 * @param what is waited for, for the error
 * @throws {Error} after the time is over
 */
export async function waitUntil(
  what: string,
  timeoutMs: number,
  signal: AbortSignal,
  isSo: () => Promise<boolean> | boolean,
): Promise<void> {
  const until = performance.now() + timeoutMs;
  while (!(await isSo())) {
    if (performance.now() > until) throw new Error(`${what}: not within ${timeoutMs / 1000} s`);
    await sleep(20, undefined, { signal });
  }
}
