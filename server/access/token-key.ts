// The key that tokens are checked with, read from a file: a shared secret, a public key, or a set of public keys.
import { createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
// Types alone: every start of the primary comes by here, and few of them need the library.
import type { JSONWebKeySet } from 'jose';
import { NamedFileError, readNamedFile } from '../command/named-file.js';

/** What a signature is checked with: one key, or a set of which a token names one. */
export interface TokenKey {
  readonly key: KeyObject | JSONWebKeySet;
  readonly algorithms: readonly string[];
}

/** HS256 asks for a key as long as its hash at least (RFC 7518 section 3.2). */
const MIN_SECRET_BYTES = 32;
/** RFC 7518 section 3.3. */
const MIN_RSA_BITS = 2048;

const ED25519 = ['EdDSA', 'Ed25519'];

/**
 * The key that tokens are checked with; `undefined` where nobody asks for tokens.
 *
 * @param options a file with the secret of HS256, or one with a public key: PEM (RSA of 2048 bits or more, EC P-256,
 *   Ed25519), or a JWKS (RFC 7517 section 5) of such keys
 * @throws {NamedFileError}
 */
export function readTokenKey(options: {
  readonly jwtSecretFile: string | undefined;
  readonly jwtPublicKey: string | undefined;
}): TokenKey | undefined {
  const { jwtSecretFile, jwtPublicKey } = options;
  if (jwtSecretFile !== undefined) return readNamedFile('--jwt-secret-file', jwtSecretFile, secretKey);
  if (jwtPublicKey !== undefined) return readNamedFile('--jwt-public-key', jwtPublicKey, publicKey);
  return undefined;
}

/** A line end at the end of the file is none of the secret. */
function secretKey(content: Buffer): TokenKey {
  const end = content.at(-1) !== 0x0a ? 0 : content.at(-2) === 0x0d ? 2 : 1;
  const key = content.subarray(0, content.byteLength - end);
  if (key.byteLength < MIN_SECRET_BYTES) {
    throw new NamedFileError(`holds ${key.byteLength} bytes; HS256 needs ${MIN_SECRET_BYTES} or more`);
  }
  return { key: createSecretKey(key), algorithms: ['HS256'] };
}

const publicKey = (content: Buffer): TokenKey =>
  content.toString('latin1').trimStart().startsWith('{') ? keySet(content) : pemKey(content);

function pemKey(content: Buffer): TokenKey {
  if (content.includes('PRIVATE KEY')) {
    throw new NamedFileError('holds a private key, which this server must not have; give the public key');
  }
  let key: KeyObject;
  try {
    key = createPublicKey(content);
  } catch {
    throw new NamedFileError('holds no public key in PEM and no JWKS');
  }
  return { key, algorithms: algorithmsOf(key) };
}

function keySet(content: Buffer): TokenKey {
  let set: JSONWebKeySet;
  try {
    set = JSON.parse(content.toString());
  } catch {
    throw new NamedFileError('is no JSON');
  }
  if (!Array.isArray(set.keys) || set.keys.length === 0)
    throw new NamedFileError('is no JWKS: no "keys" in it');
  const algorithms = set.keys.flatMap((jwk, i) => {
    if (jwk?.d !== undefined || jwk?.k !== undefined) {
      throw new NamedFileError(`holds a secret in keys[${i}]; give public keys alone`);
    }
    try {
      return algorithmsOf(createPublicKey({ key: jwk, format: 'jwk' }));
    } catch (error) {
      const why = error instanceof NamedFileError ? error.message : 'is no public key';
      throw new NamedFileError(`cannot be used: keys[${i}] ${why}`);
    }
  });
  return { key: set, algorithms: [...new Set(algorithms)] };
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
