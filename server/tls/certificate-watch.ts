// Sees when the certificate's files change, and whether what they hold now can be used.
import { type Certificate, type CertificateFiles, digestOfFiles, readCertificate } from './certificate.js';

/** How often the files are looked at; they must look the same twice, since they are seldom written both at once. */
const LOOK_EVERY_MS = 1000;

/** What a watch tells. */
export interface CertificateWatchEvents {
  changed(certificate: Certificate): void;
  /** The files changed to something that cannot be used; told once for each content. */
  refused(error: Error): void;
}

/** Watches the files by their content: that also sees links that point elsewhere, as Kubernetes mounts them. */
export class CertificateWatch {
  readonly #files: CertificateFiles;
  readonly #events: CertificateWatchEvents;
  #certificate: Certificate;
  /** Of what was told last. */
  #toldDigest: string;
  #seenDigest: string;
  #timer: NodeJS.Timeout | undefined;

  /** @throws {NamedFileError} when the files cannot be used */
  constructor(files: CertificateFiles, events: CertificateWatchEvents) {
    this.#files = files;
    this.#events = events;
    this.#certificate = readCertificate(files);
    this.#toldDigest = this.#certificate.digest;
    this.#seenDigest = this.#certificate.digest;
  }

  /** The one in use. */
  get certificate(): Certificate {
    return this.#certificate;
  }

  start(): void {
    this.#timer = setInterval(() => this.look(), LOOK_EVERY_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Looks once. */
  look(): void {
    const digest = digestOfFiles(this.#files);
    const isSettled = digest === this.#seenDigest;
    this.#seenDigest = digest;
    if (!isSettled || digest === this.#toldDigest) return;
    this.#toldDigest = digest;
    try {
      this.#certificate = readCertificate(this.#files);
    } catch (error) {
      this.#events.refused(error as Error);
      return;
    }
    this.#events.changed(this.#certificate);
  }
}
