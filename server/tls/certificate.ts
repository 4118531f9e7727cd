// Reads and checks the TLS certificate and its key before uWebSockets.js gets the names of the files.
import { createHash, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { NamedFileError, readBounded, readNamedFile } from '../command/named-file.js';

/** The PEM files of the certificate (with its chain) and of its key. */
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

/** A certificate that can be used. */
export interface Certificate {
  /** Identifies the content of both files. */
  readonly digest: string;
  readonly subject: string;
  /** Start and end of its validity, in seconds since 1970. */
  readonly beginsAtS: number;
  readonly expiresAtS: number;
}

/**
 * Reads the files as they are now.
 *
 * @throws {NamedFileError} if a file cannot be read or parsed, or if the two do not belong together
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

/** A warning about a certificate that clients refuse because of its dates; `undefined` if they do not. */
export function validityWarning({ beginsAtS, expiresAtS }: Certificate, nowS: number): string | undefined {
  const at = (seconds: number) => new Date(1000 * seconds).toISOString();
  if (nowS >= expiresAtS) return `the TLS certificate expired at ${at(expiresAtS)}: clients refuse it`;
  if (nowS < beginsAtS)
    return `the TLS certificate is not valid before ${at(beginsAtS)}: clients refuse it until then`;
  return undefined;
}

/** Checks the files with OpenSSL, which uWebSockets.js uses and which is stricter than X509Certificate. */
function checkContext(cert: Buffer, key: Buffer, path: string): void {
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    throw new NamedFileError(
      `--tls-cert ${JSON.stringify(path)} cannot be used: ${(error as Error).message}`,
    );
  }
}

/** Windows editors put it before the first line; OpenSSL then finds no PEM. */
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
    throw new NamedFileError('contains no PEM certificate');
  }
}

function privateKeyIn(pem: Buffer): KeyObject {
  checkEncoding(pem);
  try {
    return createPrivateKey(pem);
  } catch {
    throw new NamedFileError(
      pem.includes('ENCRYPTED')
        ? 'is encrypted; give a key without a passphrase'
        : 'contains no PEM private key',
    );
  }
}

/** Returns the digest that {@link readCertificate} would return, also for files that cannot be used. */
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
