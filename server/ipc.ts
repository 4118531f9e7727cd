// What the primary and its workers tell each other over the cluster channel (structured clone: buffers stay buffers).
import type { AddressChanges } from './access/address-claims.js';
import type { BrokerState } from './broker/broker.js';
import type { ProbeIdentity } from './broker/probe.js';
import type { Tally, WorkerReport } from './metrics/worker-report.js';
import type { ServerOptions } from './options/server-options.js';
import type { ShownCertificate } from './tls/certificate-renewal.js';

/**
 * Version of these messages. A rolling restart starts workers from the code that is on disk, beside a primary that runs
 * since before: raise it with each change that one of the two would not understand.
 */
export const PROTOCOL = 3;

/** How connections are closed, all at once or spread over time. */
export interface DrainOrder {
  readonly reason: 'stopping' | 'restarting';
  /** Connections closed per second by this worker. */
  readonly ratePerSecond: number;
  /** Close reason that tells clients when to come back: `retry=MIN-MAX`, in seconds. */
  readonly retry: string;
}

/** What a worker needs to know to begin. */
export interface StartOrder {
  readonly kind: 'start';
  /** From 1; a replacement has the number of the worker that it replaces. */
  readonly number: number;
  readonly options: ServerOptions;
  readonly probes: ProbeIdentity;
  /** The file of the keys for tokens, as the whole generation has it; only where tokens are asked for. */
  readonly keyFile: Buffer | undefined;
}

/** Messages of the embedded broker: a channel and a payload for each, in order. */
export interface BrokerMessages {
  readonly kind: 'messages';
  readonly channels: readonly Buffer[];
  readonly payloads: readonly Buffer[];
}

export type ToWorker =
  | StartOrder
  | BrokerMessages
  /** Report; see {@link WorkerReport.process}. */
  | { readonly kind: 'collect'; readonly request: number; readonly withProcess: boolean }
  /** Say that you still take orders. */
  | { readonly kind: 'answer' }
  /** Verdicts on the addresses that were claimed, in their order. */
  | { readonly kind: 'claimed'; readonly verdicts: readonly boolean[] }
  /** Show new connections the certificate that is on disk now. */
  | { readonly kind: 'renew' }
  /** Stop listening for good; connections stay. */
  | { readonly kind: 'shut' }
  /** Close all connections, then end. */
  | { readonly kind: 'drain'; readonly order: DrainOrder };

export type FromWorker =
  /** The worker has loaded its code and waits for the order to start. */
  | { readonly kind: 'hello'; readonly protocol: number }
  /** The worker serves its ports (again), or has stopped accepting since it is full. */
  | { readonly kind: 'gate'; readonly isOpen: boolean }
  /** The worker cannot serve; the primary ends it. */
  | { readonly kind: 'failed'; readonly message: string }
  /** The worker listens no more. */
  | { readonly kind: 'shut' }
  /** The worker takes orders. */
  | { readonly kind: 'here'; readonly tally: Tally }
  | { readonly kind: 'broker'; readonly state: BrokerState }
  /** A probe of this server was heard; when it was published, on the clock of `process.hrtime.bigint`. */
  | { readonly kind: 'probe'; readonly publishedNs: bigint; readonly tally: Tally }
  /** Connections by address came and went. */
  | { readonly kind: 'addresses'; readonly changes: AddressChanges }
  /** The certificate that the worker shows to new connections from now on. */
  | { readonly kind: 'certificate'; readonly shown: ShownCertificate }
  /** The worker could not take the new certificate, and shows the old one. */
  | { readonly kind: 'notRenewed'; readonly message: string }
  | { readonly kind: 'collected'; readonly request: number; readonly report: WorkerReport }
  /** Every connection is closed; the last word of the worker's numbers. */
  | { readonly kind: 'drained'; readonly report: WorkerReport };

/** How a worker says something to the primary; `sent` is called once that is on its way. */
export type Tell = (message: FromWorker, sent?: () => void) => void;
