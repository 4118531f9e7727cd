// Folders for one test process, gone when that ends.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folders: string[] = [];
process.on('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** @param name goes into the folder's name */
export function temporaryFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `10m-${name}-`));
  folders.push(folder);
  return folder;
}
