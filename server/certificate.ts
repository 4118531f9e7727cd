// A TLS certificate and its key as they are on disk: read and checked before uWebSockets.js gets their names.
import { createHash, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** Where the certificate (with its chain) and its key are: PEM files. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** The files that the options name; `undefined` without TLS. */
export const certificateFiles = (options: {
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
}): CertificateFiles | undefined =>
  options.tlsCert === undefined || options.tlsKey === undefined
    ? undefined
    : { cert: options.tlsCert, key: options.tlsKey };

/** What is known of a certificate that can be used. */
export interface Certificate {
  /** Tells one content of both files from another. */
  readonly digest: string;
  readonly subject: string;
  /** Seconds since 1970. */
  readonly expiresAtS: number;
}

/** Files that cannot be used; the message names the flag and the file, in one line. */
export class CertificateError extends Error {
  readonly code = 'CERTIFICATE';
}

/**
 * Reads the files as they are now.
 *
 * @throws {CertificateError} when one cannot be read or is no such PEM, and when they do not belong together
 */
export function readCertificate({ cert, key }: CertificateFiles): Certificate {
  const certPem = readPem('--tls-cert', cert);
  const keyPem = readPem('--tls-key', key);
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(certPem);
  } catch {
    throw wrong('--tls-cert', cert, 'holds no certificate in PEM');
  }
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey(keyPem);
  } catch {
    const isEncrypted = keyPem.includes('ENCRYPTED');
    const why = isEncrypted ? 'is encrypted; give it without a passphrase' : 'holds no private key in PEM';
    throw wrong('--tls-key', key, why);
  }
  if (!certificate.checkPrivateKey(privateKey)) {
    throw wrong('--tls-key', key, `is not the key of the certificate in ${JSON.stringify(cert)}`);
  }
  return {
    digest: digestOf(certPem, keyPem),
    subject: certificate.subject.replaceAll('\n', ', '),
    expiresAtS: Date.parse(certificate.validTo) / 1000,
  };
}

/** The digest that {@link readCertificate} would give, of files that need not be fit for use. */
export function digestOfFiles({ cert, key }: CertificateFiles): string {
  return digestOf(readOr(cert), readOr(key));
}

function readOr(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    return Buffer.from(String((error as NodeJS.ErrnoException).code));
  }
}

function readPem(flag: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw wrong(flag, path, `cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}

const digestOf = (cert: Buffer, key: Buffer): string =>
  createHash('sha256').update(cert).update('\0').update(key).digest('hex');

const wrong = (flag: string, path: string, why: string): CertificateError =>
  new CertificateError(`${flag} ${JSON.stringify(path)} ${why}`);
