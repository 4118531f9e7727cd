// The token of the admin listener: from its option, or from a file, where neither `ps` nor a shell's history shows it.
import { NamedFileError } from '../command/named-file.js';

/** Whether this can be sent as `Authorization: Bearer TOKEN`. */
export const isToken = (raw: string): boolean => /^[\x21-\x7e]+$/.test(raw);

/**
 * The token in a file.
 *
 * @throws {NamedFileError} when it holds none
 */
export function adminTokenIn(content: Buffer): string {
  const token = content.toString('latin1').trim();
  if (isToken(token)) return token;
  throw new NamedFileError('holds no single line of printable ASCII without spaces');
}
