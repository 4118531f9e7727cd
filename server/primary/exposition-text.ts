// Writes the answer to /metrics in Prometheus's text format: the table of metrics, and prom-client's default metrics.
import { AggregatorRegistry, Registry } from 'prom-client';
import { LoopDelay } from '../metrics/loop-delay.js';
import { collectProcessMetrics } from '../metrics/process-metrics.js';
import type { CertificateState } from '../tls/certificate-renewal.js';
import type { ClusterReport } from './cluster-report.js';
import { METRIC_PREFIX, metricRows } from './exposition.js';
import { reportOf } from './metric-row.js';
import type { Snapshot } from './snapshot.js';

/** The primary serves no clients, so shorter delays of its event loop do no harm. */
const LOOP_SAMPLE_MS = 1000;

/** Writes the text, including the default metrics of this process. */
export class ExpositionText {
  readonly #process = new Registry();

  constructor() {
    const loopDelay = new LoopDelay();
    loopDelay.watch(LOOP_SAMPLE_MS);
    collectProcessMetrics(this.#process, loopDelay);
  }

  /** @param certificate `undefined` without TLS */
  async write(
    snapshot: Snapshot,
    report: ClusterReport,
    certificate: CertificateState | undefined,
  ): Promise<string> {
    const { total, byNumber } = report;
    const own = reportOf(metricRows, { snapshot, total, byNumber, certificate }, METRIC_PREFIX);
    const ofPrimary = await this.#process.getMetricsAsJSON();
    return AggregatorRegistry.aggregate([own, ...report.processes, ofPrimary]).metrics();
  }
}
