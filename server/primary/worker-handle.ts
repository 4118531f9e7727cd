// The primary's handle on one worker process.
import type { Worker as ClusterWorker } from 'node:cluster';
import type { BrokerState } from '../broker/broker.js';
import type { Receiver } from '../broker/embedded-broker.js';
import { Outbox } from '../broker/outbox.js';
import type { FromWorker, ToWorker } from '../ipc.js';
import type { Shower, ShownCertificate } from '../tls/certificate-renewal.js';

/** How long the primary waits for a worker to stop listening. */
const SHUT_TIMEOUT_MS = 2000;

/** What all workers of a generation share. */
export interface Generation {
  /** Counts the generations that were started, from 1. */
  readonly number: number;
  /** The file of the token keys as it was when the generation was started. */
  readonly keyFile: Buffer | undefined;
}

/** The state of a worker. A `full` worker does not listen until one of its connections ends. */
export type WorkerState = 'starting' | 'listening' | 'full' | 'draining';

/** One worker process, from its fork to its end. */
export class WorkerHandle implements Receiver, Shower {
  /** From 1; a replacement and the next generation reuse it. */
  readonly number: number;
  /** The number of the generation that this worker belongs to. */
  readonly generation: number;
  readonly keyFile: Buffer | undefined;
  readonly process: ClusterWorker;
  /** The messages of the embedded broker. */
  readonly outbox = new Outbox((channels, payloads, sent) =>
    this.send({ kind: 'messages', channels, payloads }, sent),
  );
  readonly startedMs = performance.now();
  /** Resolves to how the process ended. A process that could not be created counts as ended. */
  readonly exited: Promise<string>;
  /** Whether the worker has loaded its code, so that it can answer. */
  hasLoaded = false;
  state: WorkerState = 'starting';
  /** Seconds that the worker has been starting. Seconds in which the primary itself did not run do not count. */
  startingS = 0;
  /** Seconds since the last message of the worker, counted in the same way. */
  silentS = 0;
  broker: BrokerState = { isConnected: false, reason: 'not connected yet' };
  /** `undefined` without TLS. */
  certificate: ShownCertificate | undefined;
  renewalError: string | undefined;
  /** When the last probe that the worker received was published; 0 before the first one. */
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

  /** 0 if the process could not be created. */
  get pid(): number {
    return this.process.process.pid ?? 0;
  }

  send(message: ToWorker, sent: () => void = () => {}): void {
    // A worker may die at any moment; the exit event handles that.
    if (this.process.isConnected()) this.process.send(message, () => sent());
  }

  /**
   * Makes the worker stop listening.
   *
   * @returns true once it has stopped listening or has ended, false if it does neither in time
   */
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

  /** Notes what a message says about the worker itself. */
  note(message: FromWorker): void {
    this.silentS = 0;
    switch (message.kind) {
      case 'gate':
        if (this.state !== 'draining') this.state = message.isOpen ? 'listening' : 'full';
        return;
      case 'shut':
        this.#shutAnswered?.();
        return;
      case 'broker':
        this.broker = message.state;
        return;
      case 'probe':
        this.probeMs = performance.now() - Number(process.hrtime.bigint() - message.publishedNs) / 1e6;
        return;
      case 'certificate':
        this.certificate = message.shown;
        this.renewalError = undefined;
        return;
      case 'notRenewed':
        this.renewalError = message.message;
        return;
    }
  }

  renewCertificate(): void {
    this.send({ kind: 'renew' });
  }

  kill(): void {
    if (this.pid !== 0) this.process.process.kill('SIGKILL');
  }
}
