// The messages between the primary and its workers, over the cluster channel (structured clone: Buffers stay Buffers).
import type { AddressChanges } from './access/address-claims.js';
import type { BrokerState } from './broker/broker.js';
import type { ProbeIdentity } from './broker/probe.js';
import type { Tally, WorkerReport } from './metrics/worker-report.js';
import type { ServerOptions } from './options/server-options.js';
import type { ShownCertificate } from './tls/certificate-renewal.js';

/**
 * Version of these messages. A rolling restart starts workers from the code on disk beside a primary that may run older
 * code. Raise the version with every change that one of the two would not understand.
 */
export const PROTOCOL = 3;

/** How a worker closes its connections. */
export interface DrainOrder {
  readonly reason: 'stopping' | 'restarting';
  /** Connections closed per second by this worker. */
  readonly ratePerSecond: number;
  /** Close reason that tells clients when to reconnect: `retry=MIN-MAX`, in seconds. */
  readonly retry: string;
}

/** Everything that a worker needs to know to start. */
export interface StartOrder {
  readonly kind: 'start';
  /** From 1; a replacement gets the number of the worker that it replaces. */
  readonly number: number;
  readonly options: ServerOptions;
  readonly probes: ProbeIdentity;
  /** The file of the token keys, the same for the whole generation; `undefined` without tokens. */
  readonly keyFile: Buffer | undefined;
}

/** Messages of the embedded broker, in order: the channel and the payload of each. */
export interface BrokerMessages {
  readonly kind: 'messages';
  readonly channels: readonly Buffer[];
  readonly payloads: readonly Buffer[];
}

export type ToWorker =
  | StartOrder
  | BrokerMessages
  /** Send a report; see {@link WorkerReport.process}. */
  | { readonly kind: 'collect'; readonly request: number; readonly withProcess: boolean }
  /** Answer, to show that you still take orders. */
  | { readonly kind: 'answer' }
  /** Verdicts on the claimed addresses, in the order of the claims. */
  | { readonly kind: 'claimed'; readonly verdicts: readonly boolean[] }
  /** Serve new connections with the certificate that is on disk now. */
  | { readonly kind: 'renew' }
  /** Stop listening for good; connections stay open. */
  | { readonly kind: 'shut' }
  /** Close all connections, then exit. */
  | { readonly kind: 'drain'; readonly order: DrainOrder };

export type FromWorker =
  /** The worker has loaded its code and waits for the order to start. */
  | { readonly kind: 'hello'; readonly protocol: number }
  /** The worker listens (again), or has stopped listening because it is full. */
  | { readonly kind: 'gate'; readonly isOpen: boolean }
  /** The worker cannot serve; the primary kills it. */
  | { readonly kind: 'failed'; readonly message: string }
  /** The worker has stopped listening. */
  | { readonly kind: 'shut' }
  /** The worker still takes orders. */
  | { readonly kind: 'here'; readonly tally: Tally }
  | { readonly kind: 'broker'; readonly state: BrokerState }
  /** The worker received a probe of this server, published at this time on the clock of `process.hrtime.bigint`. */
  | { readonly kind: 'probe'; readonly publishedNs: bigint; readonly tally: Tally }
  /** Connections were opened and closed, by address. */
  | { readonly kind: 'addresses'; readonly changes: AddressChanges }
  /** The certificate that the worker serves to new connections from now on. */
  | { readonly kind: 'certificate'; readonly shown: ShownCertificate }
  /** The worker could not load the new certificate, and still serves the old one. */
  | { readonly kind: 'notRenewed'; readonly message: string }
  | { readonly kind: 'collected'; readonly request: number; readonly report: WorkerReport }
  /** All connections are closed; this is the final report. */
  | { readonly kind: 'drained'; readonly report: WorkerReport };

/** Sends a message from a worker to the primary; `sent` is called once it has been sent. */
export type Tell = (message: FromWorker, sent?: () => void) => void;
