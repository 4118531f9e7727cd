// The primary's side of the TLS certificate: when its files change, every worker shows the new one to new connections.

import type { Logger } from '../logger.js';
import type { CertificateFiles } from './certificate.js';
import { CertificateWatch } from './certificate-watch.js';

/** What is told of the certificate. */
export interface CertificateState {
  /** When the certificate in use expires, in seconds since 1970. */
  readonly expiresAtS: number;
  /** Times that the files changed to something that could be used. */
  readonly succeeded: number;
  /** Times that they changed to something that could not. */
  readonly failed: number;
}

/** Renews the certificate, and counts how that went. */
export class CertificateRenewal implements CertificateState {
  readonly #watch: CertificateWatch;
  succeeded = 0;
  failed = 0;

  /**
   * @param renew makes the workers show the new one
   * @throws {NamedFileError} when the files cannot be used
   */
  constructor(files: CertificateFiles, renew: () => void, logger: Logger) {
    this.#watch = new CertificateWatch(files, {
      changed: ({ subject, expiresAtS }) => {
        this.succeeded++;
        logger.info('certificate renewed for new connections', {
          subject,
          expires: new Date(1000 * expiresAtS).toISOString(),
        });
        renew();
      },
      refused: ({ message }) => {
        this.failed++;
        logger.error('the new certificate cannot be used, the old one stays', { error: message });
      },
    });
  }

  get expiresAtS(): number {
    return this.#watch.certificate.expiresAtS;
  }

  start(): void {
    this.#watch.start();
  }

  stop(): void {
    this.#watch.stop();
  }
}
