// The primary's side of the TLS certificate: sees when its files change, and sees to it that every worker shows the new one.
import type { Logger } from '../logger.js';
import {
  type Certificate,
  type CertificateFiles,
  digestOfFiles,
  readCertificate,
  validityWarning,
} from './certificate.js';

/** How often the files are looked at; they must look the same twice, since they are seldom written both at once. */
const LOOK_EVERY_MS = 1000;
/** Looks before a worker that does not show the certificate yet is told again. */
const TELL_EVERY_LOOKS = 5;

/** A worker as the renewal sees it. */
export interface Shower {
  readonly number: number;
  /** Digest of the certificate that it shows to new connections; `undefined` before it has said so. */
  readonly certificate: ShownCertificate | undefined;
  /** Why it could not take the certificate that it was last told to show. */
  readonly renewalError: string | undefined;
  /** Makes it show the certificate that is on disk. */
  renewCertificate(): void;
}

/** What a worker says of the certificate that it shows. */
export type ShownCertificate = Pick<Certificate, 'digest' | 'expiresAtS'>;

/** What is told of the certificate. */
export interface CertificateState {
  /** When the first of the certificates that workers show expires, in seconds since 1970. */
  readonly expiresAtS: number;
  /** Times that the files changed to something that all workers have taken. */
  readonly succeeded: number;
  /** Times that they changed to something that could not be used. */
  readonly failed: number;
}

/** Watches the files by their content: that also sees links that point elsewhere, as Kubernetes mounts them. */
export class CertificateRenewal implements CertificateState {
  readonly #files: CertificateFiles;
  readonly #workers: () => readonly Shower[];
  readonly #logger: Logger;
  #wanted: Certificate;
  /** Whether all workers show what is wanted. */
  #isTaken = true;
  /** Digest of what was read last, fit for use or not. */
  #readDigest: string;
  #seenDigest: string;
  #looks = 0;
  /** Digest of what a worker could not take: told once. */
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

  /** Looks once. */
  look(): void {
    const digest = digestOfFiles(this.#files);
    const isSettled = digest === this.#seenDigest;
    this.#seenDigest = digest;
    if (isSettled && digest !== this.#readDigest) this.#read(digest);
    this.#bringAbout();
  }

  #read(digest: string): void {
    this.#readDigest = digest;
    try {
      this.#wanted = readCertificate(this.#files);
    } catch (error) {
      this.failed++;
      this.#logger.error('the new certificate cannot be used, the old one stays', {
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

  /** Tells the workers that show another certificate, again and again: one may have read a file half-written. */
  #bringAbout(): void {
    const others = this.#workers().filter(({ certificate }) => certificate?.digest !== this.#wanted.digest);
    if (others.length === 0) {
      this.#taken();
      return;
    }
    // A worker that is still starting reads the files by itself.
    const told = others.filter(({ certificate }) => certificate !== undefined);
    if (this.#looks++ % TELL_EVERY_LOOKS === 0) for (const worker of told) worker.renewCertificate();
    const refusing = told.find(({ renewalError }) => renewalError !== undefined);
    if (refusing !== undefined) this.#refused(refusing);
  }

  #refused({ number, renewalError }: Shower): void {
    if (this.#failedDigest === this.#wanted.digest) return;
    this.#failedDigest = this.#wanted.digest;
    this.failed++;
    this.#logger.error('a worker cannot use the new certificate, and will try again', {
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
