// A TLS certificate and its key as they are on disk: read and checked before uWebSockets.js gets their names.
import { createHash, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { NamedFileError, readNamedFile } from '../command/named-file.js';

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

/**
 * Reads the files as they are now.
 *
 * @throws {NamedFileError} when one cannot be read or is no such PEM, and when they do not belong together
 */
export function readCertificate({ cert, key }: CertificateFiles): Certificate {
  const { certPem, certificate } = readNamedFile('--tls-cert', cert, (content) => ({
    certPem: content,
    certificate: certificateIn(content),
  }));
  const keyPem = readNamedFile('--tls-key', key, (content) => {
    if (certificate.checkPrivateKey(privateKeyIn(content))) return content;
    throw new NamedFileError(`is not the key of the certificate in ${JSON.stringify(cert)}`);
  });
  return {
    digest: digestOf(certPem, keyPem),
    subject: certificate.subject.replaceAll('\n', ', '),
    expiresAtS: Date.parse(certificate.validTo) / 1000,
  };
}

function certificateIn(pem: Buffer): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw new NamedFileError('holds no certificate in PEM');
  }
}

function privateKeyIn(pem: Buffer): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw new NamedFileError(
      pem.includes('ENCRYPTED')
        ? 'is encrypted; give it without a passphrase'
        : 'holds no private key in PEM',
    );
  }
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

const digestOf = (cert: Buffer, key: Buffer): string =>
  createHash('sha256').update(cert).update('\0').update(key).digest('hex');
