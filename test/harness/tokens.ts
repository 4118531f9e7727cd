// Tokens for tests, signed with a secret that lies in a file.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { startServer, type Teardown, type TestServer } from './server.js';

export const SECRET = 'a secret of more than 32 bytes, for tests';

/** The file that --jwt-secret-file asks for; it goes with the test. */
export function secretFile(t: Teardown, secret = SECRET): string {
  const folder = mkdtempSync(join(tmpdir(), '10m-secret-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'secret');
  writeFileSync(path, `${secret}\n`);
  return path;
}

/** Starts a server of one worker that asks for tokens of {@link tokenFor}. */
export const startGuardedServer = (t: Teardown, args: readonly string[] = []): Promise<TestServer> =>
  startServer(t, ['--workers', '1', '--auth', 'jwt', '--jwt-secret-file', secretFile(t), ...args]);

/** A token for channels. */
export const tokenFor = (
  channels: readonly string[],
  claims: Record<string, unknown> = {},
  secret = SECRET,
): Promise<string> =>
  new SignJWT({ channels, ...claims }).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(secret));
