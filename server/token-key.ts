// The key that tokens are checked with, read from a file: a shared secret, a public key, or a set of public keys.
import { createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
// Types alone: every start of the primary comes by here, and few of them need the library.
import type { JSONWebKeySet } from 'jose';

/** What a signature is checked with: one key, or a set of which a token names one. */
export interface TokenKey {
  readonly key: KeyObject | JSONWebKeySet;
  readonly algorithms: readonly string[];
}

/** A key file that cannot be used; the message names the flag and the file, and never what is in it. */
export class TokenKeyError extends Error {
  readonly code = 'TOKEN_KEY';
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
 * @throws {TokenKeyError}
 */
export function readTokenKey(options: {
  readonly jwtSecretFile: string | undefined;
  readonly jwtPublicKey: string | undefined;
}): TokenKey | undefined {
  const { jwtSecretFile, jwtPublicKey } = options;
  if (jwtSecretFile !== undefined) return named('--jwt-secret-file', jwtSecretFile, secretKey);
  if (jwtPublicKey !== undefined) return named('--jwt-public-key', jwtPublicKey, publicKey);
  return undefined;
}

function named(flag: string, path: string, keyOf: (content: Buffer) => TokenKey): TokenKey {
  try {
    return keyOf(read(path));
  } catch (error) {
    if (!(error instanceof TokenKeyError)) throw error;
    throw new TokenKeyError(`${flag} ${JSON.stringify(path)} ${error.message}`);
  }
}

/** A line end at the end of the file is none of the secret. */
function secretKey(content: Buffer): TokenKey {
  const end = content.at(-1) !== 0x0a ? 0 : content.at(-2) === 0x0d ? 2 : 1;
  const key = content.subarray(0, content.byteLength - end);
  if (key.byteLength < MIN_SECRET_BYTES) {
    throw new TokenKeyError(`holds ${key.byteLength} bytes; HS256 needs ${MIN_SECRET_BYTES} or more`);
  }
  return { key: createSecretKey(key), algorithms: ['HS256'] };
}

const publicKey = (content: Buffer): TokenKey =>
  content.toString('latin1').trimStart().startsWith('{') ? keySet(content) : pemKey(content);

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new TokenKeyError(`cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}

function pemKey(content: Buffer): TokenKey {
  if (content.includes('PRIVATE KEY')) {
    throw new TokenKeyError('holds a private key, which this server must not have; give the public key');
  }
  let key: KeyObject;
  try {
    key = createPublicKey(content);
  } catch {
    throw new TokenKeyError('holds no public key in PEM and no JWKS');
  }
  return { key, algorithms: algorithmsOf(key) };
}

function keySet(content: Buffer): TokenKey {
  let set: JSONWebKeySet;
  try {
    set = JSON.parse(content.toString());
  } catch {
    throw new TokenKeyError('is no JSON');
  }
  if (!Array.isArray(set.keys) || set.keys.length === 0)
    throw new TokenKeyError('is no JWKS: no "keys" in it');
  const algorithms = set.keys.flatMap((jwk, i) => {
    if (jwk?.d !== undefined || jwk?.k !== undefined) {
      throw new TokenKeyError(`holds a secret in keys[${i}]; give public keys alone`);
    }
    try {
      return algorithmsOf(createPublicKey({ key: jwk, format: 'jwk' }));
    } catch (error) {
      const why = error instanceof TokenKeyError ? error.message : 'is no public key';
      throw new TokenKeyError(`cannot be used: keys[${i}] ${why}`);
    }
  });
  return { key: set, algorithms: [...new Set(algorithms)] };
}

function algorithmsOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): readonly string[] {
  switch (asymmetricKeyType) {
    case 'rsa':
      if (Number(asymmetricKeyDetails?.modulusLength) >= MIN_RSA_BITS) return ['RS256'];
      throw new TokenKeyError(`holds an RSA key of less than ${MIN_RSA_BITS} bits`);
    case 'ec':
      if (asymmetricKeyDetails?.namedCurve === 'prime256v1') return ['ES256'];
      throw new TokenKeyError('holds an EC key of another curve than P-256');
    case 'ed25519':
      return ED25519;
    default:
      throw new TokenKeyError(
        `holds a key of type ${asymmetricKeyType}; RSA, EC P-256 and Ed25519 are known`,
      );
  }
}
