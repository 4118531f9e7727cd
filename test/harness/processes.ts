// Real processes for tests: started, listened to line by line, and never left behind.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A process under test, with what it has said so far. */
export class TestProcess {
  readonly child: ChildProcess;
  readonly lines: string[] = [];
  readonly exited: Promise<number | null>;
  readonly #listeners = new Set<() => void>();
  #hasExited = false;

  /** @param stderr where its standard error goes, for tests of that; what goes elsewhere is not listened to */
  constructor(
    command: string,
    args: readonly string[],
    environment: Record<string, string> = {},
    stderr: 'pipe' | number = 'pipe',
  ) {
    this.child = spawn(command, args, {
      stdio: ['ignore', 'pipe', stderr],
      env: { ...process.env, ...environment },
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on('line', (line) => {
        this.lines.push(line);
        this.#wake();
      });
    }
    this.exited = new Promise((resolve) => {
      this.child.once('close', (code) => {
        this.#hasExited = true;
        resolve(code);
        this.#wake();
      });
    });
    live.add(this);
    void this.exited.then(() => live.delete(this));
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** The first line, from index `from` on, that matches. Rejects when the process ends without it. */
  async line(pattern: RegExp, from = 0): Promise<string> {
    for (;;) {
      const line = this.lines.slice(from).find((candidate) => pattern.test(candidate));
      if (line !== undefined) return line;
      if (this.#hasExited) throw new Error(`ended without ${pattern}:\n${this.lines.join('\n')}`);
      await new Promise<void>((resolve) => this.#listeners.add(resolve));
    }
  }

  /** How many lines match so far. */
  count(pattern: RegExp): number {
    return this.lines.filter((line) => pattern.test(line)).length;
  }

  /** Sends a signal and waits for the end; the exit code. */
  async stop(signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> {
    this.child.kill(signal);
    return this.exited;
  }

  #wake(): void {
    for (const listener of this.#listeners) listener();
    this.#listeners.clear();
  }
}

const live = new Set<TestProcess>();
process.on('exit', () => {
  for (const { child } of live) child.kill('SIGKILL');
});
