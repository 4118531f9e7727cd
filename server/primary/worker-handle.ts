// A worker process as the primary knows it.
import type { Worker as ClusterWorker } from 'node:cluster';
import type { BrokerState } from '../broker/broker.js';
import type { Receiver } from '../broker/embedded-broker.js';
import { Outbox } from '../broker/outbox.js';
import type { ToWorker } from '../ipc.js';
import type { Shower, ShownCertificate } from '../tls/certificate-renewal.js';

/** How long a worker may take to stop listening before the others go on without it. */
const SHUT_TIMEOUT_MS = 2000;

/** What all workers of a generation share. */
export interface Generation {
  /** Counts the whole sets of workers that were started, from 1. */
  readonly number: number;
  /** The file of the keys for tokens, as it was when the generation was started. */
  readonly keyFile: Buffer | undefined;
}

/** What a worker is doing; `full` is listening no more until a connection leaves. */
export type WorkerState = 'starting' | 'listening' | 'full' | 'draining';

/** One worker process, from its fork to its end. */
export class WorkerHandle implements Receiver, Shower {
  /** From 1; a replacement and the next generation use it again. */
  readonly number: number;
  readonly generation: number;
  readonly keyFile: Buffer | undefined;
  readonly process: ClusterWorker;
  /** The messages of the embedded broker. */
  readonly outbox = new Outbox((channels, payloads, sent) =>
    this.send({ kind: 'messages', channels, payloads }, sent),
  );
  readonly startedMs = performance.now();
  /** Settles with how the process ended; one that could not be made has ended too. */
  readonly exited: Promise<string>;
  /** Its code is loaded: it can answer. */
  hasLoaded = false;
  state: WorkerState = 'starting';
  /** Seconds that it has been starting, and since it said anything, while this process ran itself. */
  startingS = 0;
  silentS = 0;
  broker: BrokerState = { isConnected: false, reason: 'not connected yet' };
  /** Only with TLS. */
  certificate: ShownCertificate | undefined;
  renewalError: string | undefined;
  /** When the newest probe that it has heard was published; 0 before the first. */
  probeMs = 0;
  #shutAnswered: (() => void) | undefined;

  constructor(number: number, generation: Generation, process: ClusterWorker) {
    this.number = number;
    this.generation = generation.number;
    this.keyFile = generation.keyFile;
    this.process = process;
    this.exited = new Promise((resolve) => {
      process.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
      process.on('error', (error) => {
        if (this.pid === 0) resolve(`it could not be started: ${error.message}`);
      });
    });
    void this.exited.then(() => this.outbox.close());
  }

  get id(): number {
    return this.process.id;
  }

  /** 0 where the process could not be made. */
  get pid(): number {
    return this.process.process.pid ?? 0;
  }

  send(message: ToWorker, sent: () => void = () => {}): void {
    // A worker may die at any moment; its exit event is where that is handled, not here.
    if (this.process.isConnected()) this.process.send(message, () => sent());
  }

  /** Makes it stop listening; settles when it has, or has ended, or with false when it does neither in time. */
  async shut(): Promise<boolean> {
    const answered = new Promise<void>((resolve) => {
      this.#shutAnswered = resolve;
    });
    this.send({ kind: 'shut' });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), SHUT_TIMEOUT_MS);
    });
    const isShut = await Promise.race([answered.then(() => true), this.exited.then(() => true), late]);
    clearTimeout(timer);
    return isShut;
  }

  /** It has stopped listening. */
  hasShut(): void {
    this.#shutAnswered?.();
  }

  renewCertificate(): void {
    this.send({ kind: 'renew' });
  }

  kill(): void {
    if (this.pid !== 0) this.process.process.kill('SIGKILL');
  }
}
