// The token of the admin listener: from its option, or from a file, where neither `ps` nor a shell's history shows it.
import { NamedFileError, readNamedFile } from '../command/named-file.js';

/** Whether this can be sent as `Authorization: Bearer TOKEN`. */
export const isToken = (raw: string): boolean => /^[\x21-\x7e]+$/.test(raw);

/**
 * The token that publish and control ask for; `undefined` when nothing does.
 *
 * @throws {NamedFileError} when the file cannot be read or holds no token
 */
export function readAdminToken(options: {
  readonly adminToken: string | undefined;
  readonly adminTokenFile: string | undefined;
}): string | undefined {
  const { adminToken, adminTokenFile } = options;
  if (adminTokenFile === undefined) return adminToken;
  return readNamedFile('--admin-token-file', adminTokenFile, (content) => {
    const token = content.toString('latin1').trim();
    if (isToken(token)) return token;
    throw new NamedFileError('holds no single line of printable ASCII without spaces');
  });
}
