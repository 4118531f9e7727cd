// The token of the admin listener: from its option, or from a file, where neither `ps` nor a shell's history shows it.
import { readFileSync } from 'node:fs';

/** A token file that cannot be used; the message names it, and never what is in it. */
export class AdminTokenError extends Error {
  readonly code = 'ADMIN_TOKEN';
}

/** Whether this can be sent as `Authorization: Bearer TOKEN`. */
export const isToken = (raw: string): boolean => /^[\x21-\x7e]+$/.test(raw);

/**
 * The token that publish and control ask for; `undefined` when nothing does.
 *
 * @throws {AdminTokenError} when the file cannot be read or holds no token
 */
export function readAdminToken(options: {
  readonly adminToken: string | undefined;
  readonly adminTokenFile: string | undefined;
}): string | undefined {
  const { adminToken, adminTokenFile } = options;
  if (adminTokenFile === undefined) return adminToken;
  const file = `--admin-token-file ${JSON.stringify(adminTokenFile)}`;
  let content: string;
  try {
    content = readFileSync(adminTokenFile, 'latin1');
  } catch (error) {
    throw new AdminTokenError(`${file} cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
  const token = content.trim();
  if (!isToken(token))
    throw new AdminTokenError(`${file} holds no single line of printable ASCII without spaces`);
  return token;
}
