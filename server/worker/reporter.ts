// Makes a worker's report when the primary asks for it.
import { Registry } from 'prom-client';
import { maxFds, openFds } from '../host/fd-limit.js';
import { collectGarbage, ownMemoryBytes } from '../host/own-memory.js';
import { collectProcessMetrics } from '../metrics/process-metrics.js';
import type { WorkerReport } from '../metrics/worker-report.js';
import type { BrokerEvents } from './broker-events.js';
import type { Connections } from './connections.js';
import type { Counters } from './counters.js';
import type { FanOut } from './fan-out.js';

/** In this time, few clients connect, and V8 returns most of the collected memory. */
const SETTLING_MS = 500;

/** The stages that the report covers. */
export interface ReportedStages {
  readonly counters: Counters;
  readonly connections: Pick<Connections, 'size' | 'slowReaders'>;
  readonly fanOut: Pick<FanOut, 'channels'>;
  readonly events: Pick<BrokerEvents, 'isConnected'>;
  readonly socketsLimit: number;
}

/** Reports the numbers of this process. */
export class Reporter {
  readonly #stages: ReportedStages;
  readonly #process = new Registry();
  #baseMemoryBytes = ownMemoryBytes();

  constructor(stages: ReportedStages) {
    this.#stages = stages;
    collectProcessMetrics(this.#process, stages.counters.loopDelay);
    const readBase = () => {
      this.#baseMemoryBytes = Math.min(this.#baseMemoryBytes, ownMemoryBytes());
    };
    // After this event-loop turn, the worker is complete. V8 returns memory a moment after the collection.
    setImmediate(() => {
      collectGarbage();
      readBase();
      setTimeout(readBase, SETTLING_MS).unref();
    });
  }

  /** @param withProcess see {@link WorkerReport.process} */
  async report(withProcess: boolean): Promise<WorkerReport> {
    const { connections, fanOut, events, socketsLimit } = this.#stages;
    const { counters, reasons, histograms } = this.#stages.counters.report();
    const { user, system } = process.cpuUsage();
    return {
      gauges: {
        connections: connections.size,
        stalled: connections.slowReaders.stalled,
        channels: fanOut.channels,
        connectionsLimit: socketsLimit,
        brokerConnected: Number(events.isConnected),
        openFds: openFds(),
        maxFds: maxFds(),
        memoryBytes: ownMemoryBytes(),
        baseMemoryBytes: this.#baseMemoryBytes,
      },
      counters: { ...counters, cpuSeconds: (user + system) / 1e6 },
      reasons,
      histograms,
      process: withProcess ? await this.#process.getMetricsAsJSON() : undefined,
    };
  }
}
