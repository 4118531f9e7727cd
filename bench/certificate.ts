// A certificate for servers on loopback: self-signed, made by the openssl program, and deleted afterwards.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const OPENSSL = (
  'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost ' +
  '-addext subjectAltName=IP:127.0.0.1,DNS:localhost'
).split(' ');

/** A certificate and its key, as PEM files in a folder of their own. */
export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
  /** The certificate, for clients to trust. */
  readonly pem: string;
  /** Deletes the folder, which the exit of the process does too. */
  remove(): void;
}

/**
 * An EC P-256 certificate for 127.0.0.1 and localhost that is valid for two days.
 *
 * @throws {Error} where openssl is not installed or fails
 */
export function selfSigned(): Certificate {
  const folder = mkdtempSync(join(tmpdir(), '10m-certificate-'));
  const remove = (): void => {
    process.off('exit', remove);
    rmSync(folder, { recursive: true, force: true });
  };
  process.on('exit', remove);
  const certFile = join(folder, 'cert.pem');
  const keyFile = join(folder, 'key.pem');
  try {
    execFileSync('openssl', [...OPENSSL, '-keyout', keyFile, '-out', certFile], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    return { certFile, keyFile, pem: readFileSync(certFile, 'utf8'), remove };
  } catch (error) {
    remove();
    throw new Error(`openssl made no certificate: ${(error as Error).message.trim()}`, { cause: error });
  }
}
