// Renews the TLS certificate: the primary notices that the files have changed, and makes every worker serve the new one.
import type { Logger } from '../logger.js';
import {
  type Certificate,
  type CertificateFiles,
  digestOfFiles,
  readCertificate,
  validityWarning,
} from './certificate.js';

/** How often the files are read. They must be the same twice, since the two are seldom written at the same moment. */
const LOOK_EVERY_MS = 1000;
/** Looks between two orders to a worker that does not serve the certificate yet. */
const ORDER_EVERY_LOOKS = 5;

/** A worker as the renewal sees it. */
export interface Shower {
  readonly number: number;
  /** The certificate that it serves to new connections; `undefined` before it has reported one. */
  readonly certificate: ShownCertificate | undefined;
  /** Why it could not load the certificate when it was last ordered to. */
  readonly renewalError: string | undefined;
  /** Orders it to load the certificate that is on disk. */
  renewCertificate(): void;
}

/** What a worker reports about the certificate that it serves. */
export type ShownCertificate = Pick<Certificate, 'digest' | 'expiresAtS'>;

/** The state of the certificate, for the metrics. */
export interface CertificateState {
  /** The earliest expiry of the certificates that workers serve, in seconds since 1970. */
  readonly expiresAtS: number;
  /** Changes of the files that all workers have loaded. */
  readonly succeeded: number;
  /** Changes of the files that could not be used. */
  readonly failed: number;
}

/** Watches the content of the files, and so also notices a symbolic link that is moved, as in Kubernetes mounts. */
export class CertificateRenewal implements CertificateState {
  readonly #files: CertificateFiles;
  readonly #workers: () => readonly Shower[];
  readonly #logger: Logger;
  #wanted: Certificate;
  /** Whether all workers serve the wanted certificate. */
  #isTaken = true;
  /** Digest of the files that were last parsed, usable or not. */
  #readDigest: string;
  #seenDigest: string;
  #looks = 0;
  /** Digest of a certificate that a worker could not load; it is counted and logged once. */
  #failedDigest: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  succeeded = 0;
  failed = 0;

  /** @throws {NamedFileError} when the files cannot be used */
  constructor(files: CertificateFiles, workers: () => readonly Shower[], logger: Logger) {
    this.#files = files;
    this.#workers = workers;
    this.#logger = logger;
    this.#wanted = readCertificate(files);
    this.#readDigest = this.#wanted.digest;
    this.#seenDigest = this.#wanted.digest;
  }

  get expiresAtS(): number {
    const shown = this.#workers().flatMap(({ certificate }) => certificate?.expiresAtS ?? []);
    return shown.length === 0 ? this.#wanted.expiresAtS : Math.min(...shown);
  }

  start(): void {
    this.#warnOfValidity();
    this.#timer = setInterval(() => this.look(), LOOK_EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Looks at the files and the workers once. */
  look(): void {
    const digest = digestOfFiles(this.#files);
    const isSettled = digest === this.#seenDigest;
    this.#seenDigest = digest;
    if (isSettled && digest !== this.#readDigest) this.#read(digest);
    this.#orderRenewal();
  }

  #read(digest: string): void {
    this.#readDigest = digest;
    try {
      this.#wanted = readCertificate(this.#files);
    } catch (error) {
      this.failed++;
      this.#logger.error('the new certificate cannot be used; the old one stays in use', {
        error: (error as Error).message,
      });
      return;
    }
    this.#isTaken = false;
    this.#looks = 0;
    this.#warnOfValidity();
  }

  #warnOfValidity(): void {
    const warning = validityWarning(this.#wanted, Date.now() / 1000);
    if (warning !== undefined) this.#logger.warn(warning, { subject: this.#wanted.subject });
  }

  /** Repeats the order to workers that serve another certificate: one of them may have read a half-written file. */
  #orderRenewal(): void {
    const others = this.#workers().filter(({ certificate }) => certificate?.digest !== this.#wanted.digest);
    if (others.length === 0) {
      this.#taken();
      return;
    }
    // A worker that is still starting will read the files anyway.
    const running = others.filter(({ certificate }) => certificate !== undefined);
    if (this.#looks++ % ORDER_EVERY_LOOKS === 0) for (const worker of running) worker.renewCertificate();
    const refusing = running.find(({ renewalError }) => renewalError !== undefined);
    if (refusing !== undefined) this.#refused(refusing);
  }

  #refused({ number, renewalError }: Shower): void {
    if (this.#failedDigest === this.#wanted.digest) return;
    this.#failedDigest = this.#wanted.digest;
    this.failed++;
    this.#logger.error('a worker cannot use the new certificate and will try again', {
      worker: number,
      error: renewalError,
    });
  }

  #taken(): void {
    if (this.#isTaken) return;
    this.#isTaken = true;
    this.succeeded++;
    const { subject, expiresAtS } = this.#wanted;
    this.#logger.info('certificate renewed for new connections', {
      subject,
      expires: new Date(1000 * expiresAtS).toISOString(),
    });
  }
}
