// A worker process as the primary knows it.
import type { Worker as ClusterWorker } from 'node:cluster';
import type { BrokerState } from '../broker/broker.js';
import type { Receiver } from '../broker/embedded-broker.js';
import type { ToWorker } from '../ipc.js';

/** What a worker is doing; `full` is listening no more until a connection leaves. */
export type WorkerState = 'starting' | 'listening' | 'full' | 'draining';

/** One worker process, from its fork to its end. */
export class WorkerHandle implements Receiver {
  /** From 1; a replacement and the next generation use it again. */
  readonly number: number;
  /** Counts the whole sets of workers that were started, from 1. */
  readonly generation: number;
  readonly process: ClusterWorker;
  readonly startedMs = performance.now();
  /** Settles when the process has ended. */
  readonly exited: Promise<void>;
  /** Its code is loaded: it can answer. */
  hasLoaded = false;
  state: WorkerState = 'starting';
  broker: BrokerState = { isConnected: false, reason: 'not connected yet' };
  /** When the newest probe came back; 0 before the first. */
  probeMs = 0;
  #backlogBytes = 0;
  #shutAnswered: (() => void) | undefined;

  constructor(number: number, generation: number, process: ClusterWorker) {
    this.number = number;
    this.generation = generation;
    this.process = process;
    this.exited = new Promise((resolve) => process.once('exit', () => resolve()));
  }

  get id(): number {
    return this.process.id;
  }

  /** 0 where the process could not be made. */
  get pid(): number {
    return this.process.process.pid ?? 0;
  }

  get backlogBytes(): number {
    return this.#backlogBytes;
  }

  send(message: ToWorker, sent: () => void = () => {}): void {
    // A worker may die at any moment; its exit event is where that is handled, not here.
    if (this.process.isConnected()) this.process.send(message, () => sent());
  }

  sendMessage(channel: Buffer, payload: Buffer): void {
    this.#backlogBytes += payload.byteLength;
    this.send({ kind: 'message', channel, payload }, () => {
      this.#backlogBytes -= payload.byteLength;
    });
  }

  /** Makes it stop listening; settles when it has, or has ended. */
  async shut(): Promise<void> {
    const answered = new Promise<void>((resolve) => {
      this.#shutAnswered = resolve;
    });
    this.send({ kind: 'shut' });
    await Promise.race([answered, this.exited]);
  }

  /** It has stopped listening. */
  hasShut(): void {
    this.#shutAnswered?.();
  }

  kill(): void {
    this.process.process.kill('SIGKILL');
  }
}
