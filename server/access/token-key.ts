// Reads the keys for checking tokens from a file: a shared secret, a public key, or a set of public keys.
import { createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import { NamedFileError, readNamedFile } from '../command/named-file.js';

/** A key for checking signatures. */
export interface TokenKey {
  readonly key: KeyObject;
  readonly algorithms: readonly string[];
  /** The `kid` by which a token names its key (RFC 7515 section 4.1.4). A key without one may serve any token. */
  readonly id?: string;
}

/** All keys in a file. */
export interface TokenKeys {
  /** One or more. */
  readonly keys: readonly TokenKey[];
  /** Why other keys of the file are ignored, in words for the operator: `keys[2] is no public key`. */
  readonly ignored: readonly string[];
}

/** HS256 requires a key at least as long as its hash (RFC 7518 section 3.2). */
const MIN_SECRET_BYTES = 32;
/** RFC 7518 section 3.3. */
const MIN_RSA_BITS = 2048;

const ED25519 = ['EdDSA', 'Ed25519'];

/** The options that name the key file. */
interface KeyOptions {
  readonly jwtSecretFile: string | undefined;
  readonly jwtPublicKey: string | undefined;
}

interface KeyFile {
  readonly flag: string;
  readonly path: string;
  readonly parse: (content: Buffer) => TokenKeys;
}

function keyFileOf({ jwtSecretFile, jwtPublicKey }: KeyOptions): KeyFile | undefined {
  if (jwtSecretFile !== undefined)
    return { flag: '--jwt-secret-file', path: jwtSecretFile, parse: secretKey };
  if (jwtPublicKey !== undefined) return { flag: '--jwt-public-key', path: jwtPublicKey, parse: publicKeys };
  return undefined;
}

/**
 * Reads the key file. It is read once for all workers of a generation: the file may change at any time, and a token must
 * not be valid for one worker and invalid for another.
 *
 * @param options name a file with the secret for HS256, or one with a public key: PEM (RSA of 2048 bits or more, EC P-256,
 *   Ed25519), or a JWKS (RFC 7517 section 5) of such keys
 * @returns the content for {@link tokenKeysIn}; `undefined` if no option names a file
 * @throws {NamedFileError} if the file cannot be read, or holds no usable key
 */
export function readKeyFile(options: KeyOptions): Buffer | undefined {
  const file = keyFileOf(options);
  if (file === undefined) return undefined;
  return readNamedFile(file.flag, file.path, (content) => {
    file.parse(content);
    return content;
  });
}

/** Returns the keys in a file that {@link readKeyFile} has read with the same options. */
export const tokenKeysIn = (options: KeyOptions, content: Buffer): TokenKeys =>
  keyFileOf(options)!.parse(content);

/** A trailing line end is not part of the secret. */
function secretKey(content: Buffer): TokenKeys {
  const end = content.at(-1) !== 0x0a ? 0 : content.at(-2) === 0x0d ? 2 : 1;
  const secret = content.subarray(0, content.byteLength - end);
  if (secret.byteLength < MIN_SECRET_BYTES) {
    throw new NamedFileError(`holds ${secret.byteLength} bytes; HS256 needs ${MIN_SECRET_BYTES} or more`);
  }
  return { keys: [{ key: createSecretKey(secret), algorithms: ['HS256'] }], ignored: [] };
}

function publicKeys(content: Buffer): TokenKeys {
  const text = content.toString().replace(/^\uFEFF/, '');
  return text.trimStart().startsWith('{') ? keySet(text) : { keys: [pemKey(text)], ignored: [] };
}

function pemKey(text: string): TokenKey {
  if (text.includes('PRIVATE KEY')) {
    throw new NamedFileError('holds a private key, which this server must not have; give the public key');
  }
  let key: KeyObject;
  try {
    key = createPublicKey(text);
  } catch {
    throw new NamedFileError('holds no public key in PEM and no JWKS');
  }
  return { key, algorithms: algorithmsOf(key) };
}

/** A key that cannot be used is ignored, as long as another one remains (RFC 7517 section 5). */
function keySet(text: string): TokenKeys {
  let set: { keys?: unknown };
  try {
    set = JSON.parse(text);
  } catch {
    throw new NamedFileError('is no JSON');
  }
  if (!Array.isArray(set.keys) || set.keys.length === 0)
    throw new NamedFileError('is no JWKS: no "keys" in it');
  const keys: TokenKey[] = [];
  const ignored: string[] = [];
  for (const [i, jwk] of set.keys.entries()) {
    if (jwk?.d !== undefined || jwk?.k !== undefined) {
      throw new NamedFileError(`holds a secret in keys[${i}]; give public keys alone`);
    }
    try {
      keys.push(jwkKey(jwk));
    } catch (error) {
      if (!(error instanceof NamedFileError)) throw error;
      ignored.push(`keys[${i}] ${error.message}`);
    }
  }
  if (keys.length === 0) throw new NamedFileError(`cannot be used: ${ignored.join('; ')}`);
  return { keys, ignored };
}

function jwkKey(jwk: Record<string, unknown>): TokenKey {
  let key: KeyObject;
  try {
    key = createPublicKey({ key: jwk, format: 'jwk' });
  } catch {
    throw new NamedFileError('is no public key of a known kind');
  }
  const { use, key_ops: uses, alg, kid } = jwk;
  if ((use !== undefined && use !== 'sig') || (Array.isArray(uses) && !uses.includes('verify'))) {
    throw new NamedFileError('is not meant for signatures');
  }
  const algorithms = algorithmsOf(key);
  if (alg !== undefined && !algorithms.includes(String(alg))) {
    throw new NamedFileError(`is meant for another algorithm than ${algorithms[0]}`);
  }
  return { key, algorithms, ...(typeof kid === 'string' ? { id: kid } : {}) };
}

function algorithmsOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): readonly string[] {
  switch (asymmetricKeyType) {
    case 'rsa':
      if (Number(asymmetricKeyDetails?.modulusLength) >= MIN_RSA_BITS) return ['RS256'];
      throw new NamedFileError(`holds an RSA key of less than ${MIN_RSA_BITS} bits`);
    case 'ec':
      if (asymmetricKeyDetails?.namedCurve === 'prime256v1') return ['ES256'];
      throw new NamedFileError('holds an EC key of another curve than P-256');
    case 'ed25519':
      return ED25519;
    default:
      throw new NamedFileError(
        `holds a key of type ${asymmetricKeyType}; RSA, EC P-256 and Ed25519 are known`,
      );
  }
}
