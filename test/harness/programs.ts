// Programs that a test needs and that may not be on the machine.
import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

/** The path of a program, or `undefined` where it is not installed. */
export function pathOf(program: string): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(':')
    .map((folder) => join(folder, program))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** Options of a test that needs programs: skipped with a reason where one is missing, but never with CI=true. */
export function found(...programs: readonly string[]): { skip?: string } {
  const missing = programs.filter((program) => pathOf(program) === undefined);
  if (missing.length === 0 || process.env['CI'] === 'true') return {};
  return { skip: `not on this machine: ${missing.join(', ')}` };
}

/** Runs a program to its end with an input; what it said on both outputs, and its exit code. */
export async function run(
  program: string,
  args: readonly string[],
  input = '',
): Promise<{ readonly output: string; readonly code: number | null }> {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { output: Buffer.concat(chunks).toString(), code };
}
