// Shows the whole server: snapshots, statistics and metrics, all read from the same reports.
import { packageVersion } from '../command/command-line.js';
import type { CertificateState } from '../tls/certificate-renewal.js';
import type { ClusterReport } from './cluster-report.js';
import { ExpositionText } from './exposition-text.js';
import { type Snapshot, type SnapshotParts, takeSnapshot } from './snapshot.js';
import { type Stats, statsOf } from './stats.js';

/** The part of a snapshot that the rest of the primary contributes. */
export type ServerState = Omit<SnapshotParts, 'report' | 'workersMissing' | 'version' | 'uptimeSeconds'>;

/** The sources of an overview. */
export interface OverviewParts {
  readonly report: ClusterReport;
  /** Collects the reports of the workers, and returns how many of them did not answer. */
  readonly collect: (withProcess: boolean) => Promise<number>;
  readonly state: () => ServerState;
  /** `undefined` without TLS. */
  readonly certificate: CertificateState | undefined;
}

/** Answers what the admin listener is asked about the server. */
export class Overview {
  readonly #parts: OverviewParts;
  readonly #exposition = new ExpositionText();
  readonly #startedMs = performance.now();

  constructor(parts: OverviewParts) {
    this.#parts = parts;
  }

  /** For /metrics. */
  async metrics(): Promise<string> {
    const { report, certificate } = this.#parts;
    return this.#exposition.write(await this.#collect(true), report, certificate);
  }

  /** For /stats. */
  async stats(): Promise<Stats> {
    return statsOf(await this.#collect(false));
  }

  /** For the status page. */
  snapshot(): Promise<Snapshot> {
    return this.#collect(false);
  }

  /** @param forScrape see {@link WorkerReport.process} */
  async #collect(forScrape: boolean): Promise<Snapshot> {
    const workersMissing = await this.#parts.collect(forScrape);
    return takeSnapshot({
      ...this.#parts.state(),
      report: this.#parts.report,
      workersMissing,
      version: packageVersion,
      uptimeSeconds: Math.round((performance.now() - this.#startedMs) / 1000),
    });
  }
}
