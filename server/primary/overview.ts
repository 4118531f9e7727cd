// What the primary shows of the whole server: snapshots, statistics and metrics, all from the same collection.
import { packageVersion } from '../command/command-line.js';
import type { CertificateState } from '../tls/certificate-renewal.js';
import type { ClusterReport } from './cluster-report.js';
import { ExpositionText } from './exposition-text.js';
import { type Snapshot, type SnapshotParts, takeSnapshot } from './snapshot.js';
import { type Stats, statsOf } from './stats.js';

/** What the rest of the primary knows when it is asked. */
export type ServerState = Omit<SnapshotParts, 'report' | 'workersMissing' | 'version' | 'uptimeSeconds'>;

/** Where an overview gets its numbers. */
export interface OverviewParts {
  readonly report: ClusterReport;
  /** Collects the reports of the workers; the number of those that did not answer. */
  readonly collect: (withProcess: boolean) => Promise<number>;
  readonly state: () => ServerState;
  /** Only with TLS. */
  readonly certificate: CertificateState | undefined;
}

/** Makes what the admin listener answers about the server. */
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
