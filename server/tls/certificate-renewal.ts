// The primary's side of the TLS certificate: when its files change, every worker shows the new one to new connections.

import type { Logger } from '../logger.js';
import type { WorkerPool } from '../primary/worker-pool.js';
import type { CertificateFiles } from './certificate.js';
import { CertificateWatch } from './certificate-watch.js';

/** Renews the certificate, and counts how that went. */
export class CertificateRenewal {
  readonly #watch: CertificateWatch;
  /** Times that the files changed to something that could be used. */
  succeeded = 0;
  /** Times that they changed to something that could not. */
  failed = 0;

  /** @throws {NamedFileError} when the files cannot be used */
  constructor(files: CertificateFiles, pool: WorkerPool, logger: Logger) {
    this.#watch = new CertificateWatch(files, {
      changed: ({ subject, expiresAtS }) => {
        this.succeeded++;
        logger.info('certificate renewed for new connections', {
          subject,
          expires: new Date(1000 * expiresAtS).toISOString(),
        });
        for (const worker of pool.workers) worker.send({ kind: 'renew' });
      },
      refused: ({ message }) => {
        this.failed++;
        logger.error('the new certificate cannot be used, the old one stays', { error: message });
      },
    });
  }

  /** When the certificate in use expires, in seconds since 1970. */
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
