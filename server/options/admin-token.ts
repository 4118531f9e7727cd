// The token of the admin listener, from its option or from a file. A file keeps it out of `ps` and the shell's history.
import { NamedFileError } from '../command/named-file.js';

/** Whether a text can be sent as `Authorization: Bearer TOKEN`. */
export const isToken = (raw: string): boolean => /^[\x21-\x7e]+$/.test(raw);

/**
 * Returns the token in a file.
 *
 * @throws {NamedFileError} if the file contains none
 */
export function adminTokenIn(content: Buffer): string {
  const token = content.toString('latin1').trim();
  if (isToken(token)) return token;
  throw new NamedFileError('holds no single line of printable ASCII without spaces');
}
