// A pipe that is full and that nobody reads: what a log collector looks like once it has hung.
import { spawnSync } from 'node:child_process';
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Teardown } from './server.js';
import { temporaryFolder } from './temporary-folder.js';

/** @returns the file descriptor of its writing end, for a child's output */
export function unreadPipe(t: Teardown): number {
  const path = join(temporaryFolder('pipe'), 'pipe');
  const { status, stderr } = spawnSync('mkfifo', [path], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  t.teardown(() => closeSync(fd));
  for (const size of [4096, 1]) fill(fd, Buffer.alloc(size, '.'));
  return fd;
}

function fill(fd: number, chunk: Buffer): void {
  try {
    for (;;) writeSync(fd, chunk);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
  }
}
