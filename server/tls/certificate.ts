// A TLS certificate and its key as they are on disk: read and checked before uWebSockets.js gets their names.
import { createHash, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { NamedFileError, readBounded, readNamedFile } from '../command/named-file.js';

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
  /** From when on, and until when, it is valid, in seconds since 1970. */
  readonly beginsAtS: number;
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
  checkContext(certPem, keyPem, cert);
  return {
    digest: digestOf(certPem, keyPem),
    subject: certificate.subject.replaceAll('\n', ', '),
    beginsAtS: Date.parse(certificate.validFrom) / 1000,
    expiresAtS: Date.parse(certificate.validTo) / 1000,
  };
}

/** What an operator should know of a certificate that clients will refuse; `undefined` when there is nothing. */
export function validityWarning({ beginsAtS, expiresAtS }: Certificate, nowS: number): string | undefined {
  const at = (seconds: number) => new Date(1000 * seconds).toISOString();
  if (nowS >= expiresAtS) return `the TLS certificate expired at ${at(expiresAtS)}: clients refuse it`;
  if (nowS < beginsAtS)
    return `the TLS certificate is valid from ${at(beginsAtS)} on: clients refuse it until then`;
  return undefined;
}

/** OpenSSL, which uWebSockets.js hands the names of the files, is stricter than X509Certificate is. */
function checkContext(cert: Buffer, key: Buffer, path: string): void {
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    throw new NamedFileError(
      `--tls-cert ${JSON.stringify(path)} cannot be used: ${(error as Error).message}`,
    );
  }
}

/** Editors of Windows put it before the first line, where OpenSSL finds no PEM then. */
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

function checkEncoding(pem: Buffer): void {
  if (pem.subarray(0, 3).equals(BYTE_ORDER_MARK)) {
    throw new NamedFileError('begins with a byte order mark; save it as plain ASCII');
  }
}

function certificateIn(pem: Buffer): X509Certificate {
  checkEncoding(pem);
  try {
    return new X509Certificate(pem);
  } catch {
    throw new NamedFileError('holds no certificate in PEM');
  }
}

function privateKeyIn(pem: Buffer): KeyObject {
  checkEncoding(pem);
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
    return readBounded(path, false);
  } catch (error) {
    return Buffer.from((error as Error).message);
  }
}

const digestOf = (cert: Buffer, key: Buffer): string =>
  createHash('sha256').update(cert).update('\0').update(key).digest('hex');
