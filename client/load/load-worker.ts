// Holds the connections of one process: makes them at the rate asked for, counts what they bring, finds the dead ones.
import {
  Connection,
  type ConnectionEnd,
  type ConnectionOwner,
  type ConnectionTarget,
} from '../connection/connection.js';
import { HandshakeError, SAMPLE_KEY } from '../connection/handshake.js';
import { type HostTls, hostTls } from '../connection/host-tls.js';
import { asksToReturn, mayReturn, retryDelayMs } from '../connection/retry.js';
import { LatencyHistogram } from './latency-histogram.js';
import { countUnder, haveTried, type LoadCounts, noCounts } from './load-counts.js';
import { hostAndPort, type LoadTask, localAddressOf, pathOf, portOf, serverUrl } from './load-plan.js';
import { messageTimeMs } from './message-time.js';
import { PingGaps } from './ping-gaps.js';

/** How long TCP and the handshake may take together before the attempt counts as failed. */
const HANDSHAKE_TIMEOUT_MS = 30_000;
/** How long the server has to answer our close frames at the end; what is left then is reset. */
const CLOSE_TIMEOUT_MS = 2_000;
/** Close frames sent in one turn of the event loop at the end. */
const CLOSES_PER_TURN = 500;
/** Between two looks at the rate and at who is due, while there is something to connect; else `IDLE_TICK_MS`. */
const BUSY_TICK_MS = 20;
const IDLE_TICK_MS = 250;
/** How far the rate may be caught up with after a pause of the process. */
const RATE_BURST_MS = 100;

/** Where a slot is between being queued and being done with. */
const PHASES = { queued: 0, connecting: 1, open: 2, waiting: 3, ended: 4, stopping: 5 } as const;

/** One connection number is one slot; what is kept of it is 12 bytes in typed arrays and the connection itself. */
export class LoadWorker implements ConnectionOwner {
  readonly counts: LoadCounts = noCounts();
  readonly latency = new LatencyHistogram();
  readonly pingGaps: PingGaps;
  /** Resolves once every connection has stood or failed. */
  readonly tried: Promise<void>;
  #whenTried: () => void = () => {};
  readonly #task: LoadTask;
  readonly #tls: HostTls | undefined;
  /** Gets each finished line when messages are printed. */
  readonly #print: (line: string) => void;
  readonly #random: () => number;
  readonly #connections: (Connection | undefined)[];
  readonly #phases: Uint8Array;
  /** When a slot's attempt began, its last frame came, or its next attempt is due: by phase. ms of `#nowMs`. */
  readonly #timesMs: Float64Array;
  /** Attempts since the slot's connection last stood. */
  readonly #attempts: Uint8Array;
  readonly #wasMade: Uint8Array;
  /** 1 while a slot that the server asked to return has not. */
  readonly #owesReturn: Uint8Array;
  #nextSlot = 0;
  /** Slots that have a connection, and slots in phase `waiting`. */
  #live = 0;
  #waiting = 0;
  #allowance = 1;
  #allowanceAtMs: number;
  #timer: NodeJS.Timeout | undefined;
  #whenStopped: (() => void) | undefined;

  constructor(task: LoadTask, print: (line: string) => void, random: () => number = Math.random) {
    this.#task = task;
    this.#tls = task.tls === undefined ? undefined : hostTls(task.host, task.tls);
    this.#print = print;
    this.#random = random;
    this.tried = new Promise((resolve) => {
      this.#whenTried = resolve;
    });
    this.pingGaps = new PingGaps(task.count);
    this.#connections = new Array(task.count).fill(undefined);
    this.#phases = new Uint8Array(task.count);
    this.#timesMs = new Float64Array(task.count);
    this.#attempts = new Uint8Array(task.count);
    this.#wasMade = new Uint8Array(task.count);
    this.#owesReturn = new Uint8Array(task.count);
    this.#allowanceAtMs = performance.now();
  }

  start(): void {
    this.#tick();
  }

  /** Closes every connection and resolves when all have ended; only ends that had begun before are still counted. */
  stop(): Promise<void> {
    clearTimeout(this.#timer);
    for (const connection of this.#connections) {
      if (connection?.isEnding === false) this.#phases[connection.id] = PHASES.stopping;
    }
    return new Promise((resolve) => {
      const deadline = setTimeout(() => {
        for (const connection of this.#connections) connection?.destroy();
      }, CLOSE_TIMEOUT_MS);
      this.#whenStopped = () => {
        clearTimeout(deadline);
        for (const owes of this.#owesReturn) this.counts.lost += owes;
        resolve();
      };
      if (this.#live === 0) this.#whenStopped();
      else this.#closeFrom(0);
    });
  }

  onOpen(connection: Connection): void {
    if (this.#whenStopped !== undefined) {
      connection.destroy();
      return;
    }
    const { counts } = this;
    const slot = connection.id;
    this.#phases[slot] = PHASES.open;
    this.#timesMs[slot] = performance.now();
    this.#attempts[slot] = 0;
    this.#owesReturn[slot] = 0;
    this.pingGaps.onOpen(slot);
    counts.connecting--;
    counts.connected++;
    counts.peakConnected = Math.max(counts.peakConnected, counts.connected);
    if (this.#wasMade[slot] === 1) {
      counts.reconnects++;
    } else {
      this.#wasMade[slot] = 1;
      counts.made++;
      counts.lastMadeAtMs = Date.now();
      this.#noteTried();
    }
    this.#connectMore();
  }

  onMessage(connection: Connection, payload: Buffer, isBinary: boolean): void {
    if (payload.length === 0 && !isBinary) {
      this.onPing(connection);
      return;
    }
    if (this.#whenStopped !== undefined) return;
    this.#timesMs[connection.id] = performance.now();
    this.counts.messages++;
    this.counts.bytes += payload.length;
    const nowMs = performance.timeOrigin + performance.now();
    const sentAtMs = isBinary ? undefined : messageTimeMs(payload, nowMs);
    if (sentAtMs !== undefined) this.latency.record(nowMs - sentAtMs);
    if (this.#task.prints) this.#print(`received message ${this.#urlOf(connection.id)} ${payload}\n`);
  }

  /** Counts a ping, in either of its forms. */
  onPing(connection: Connection): void {
    if (this.#whenStopped !== undefined) return;
    const nowMs = performance.now();
    this.#timesMs[connection.id] = nowMs;
    this.counts.pings++;
    this.pingGaps.onPing(connection.id, Math.ceil(nowMs));
    this.counts.pinged = this.pingGaps.pinged;
  }

  onPong(connection: Connection): void {
    this.#timesMs[connection.id] = performance.now();
  }

  onEnd(connection: Connection, end: ConnectionEnd): void {
    const slot = connection.id;
    this.#connections[slot] = undefined;
    this.#live--;
    if (this.#phases[slot] !== PHASES.stopping) this.#countEnd(slot, end);
    if (this.#whenStopped !== undefined) {
      if (this.#live === 0) this.#whenStopped();
      return;
    }
    this.#wait(slot, end);
    this.#connectMore();
  }

  #noteTried(): void {
    if (haveTried(this.counts, this.#task.count)) this.#whenTried();
  }

  #countEnd(slot: number, end: ConnectionEnd): void {
    const { counts } = this;
    if (end.error !== undefined) countUnder(counts.failures, failureName(end.error));
    if (this.#phases[slot] === PHASES.connecting) {
      counts.connecting--;
      counts.failed++;
      this.#noteTried();
      return;
    }
    counts.connected--;
    counts.closed++;
    countUnder(counts.closedByCode, end.code);
    if (this.#task.reconnects && asksToReturn(end.code)) this.#owesReturn[slot] = 1;
    else counts.lost++;
  }

  /** Lets the slot come back later, where that is asked for. */
  #wait(slot: number, end: ConnectionEnd): void {
    if (!this.#task.reconnects || !mayReturn(end.code)) {
      this.#phases[slot] = PHASES.ended;
      this.counts.ended++;
      return;
    }
    const delayMs = retryDelayMs(end.reason, this.#attempts[slot]!, this.#random);
    this.#attempts[slot] = Math.min(255, this.#attempts[slot]! + 1);
    this.#phases[slot] = PHASES.waiting;
    this.#timesMs[slot] = performance.now() + delayMs;
    this.#waiting++;
  }

  #tick(): void {
    this.#sweep(performance.now());
    this.#connectMore();
    const isBusy = this.#waiting > 0 || this.#nextSlot < this.#task.count;
    this.#timer = setTimeout(() => this.#tick(), isBusy ? BUSY_TICK_MS : IDLE_TICK_MS);
  }

  /** Ends what is overdue and queues what is due: one pass over the slots instead of a timer for each. */
  #sweep(nowMs: number): void {
    const { idleTimeoutMs } = this.#task;
    for (let slot = 0; slot < this.#task.count; slot++) {
      const phase = this.#phases[slot]!;
      const sinceMs = nowMs - this.#timesMs[slot]!;
      if (phase === PHASES.open && idleTimeoutMs > 0 && sinceMs > idleTimeoutMs) {
        this.#connections[slot]!.destroy(new Error('idle timeout'));
      } else if (phase === PHASES.connecting && sinceMs > HANDSHAKE_TIMEOUT_MS) {
        this.#connections[slot]!.destroy(new Error('handshake timeout'));
      } else if (phase === PHASES.waiting && sinceMs >= 0 && this.#mayConnect()) {
        this.#waiting--;
        this.#connect(slot);
      }
    }
  }

  #connectMore(): void {
    while (this.#nextSlot < this.#task.count && this.#mayConnect()) this.#connect(this.#nextSlot++);
  }

  #mayConnect(): boolean {
    if (this.counts.connecting >= this.#task.maxConnecting) return false;
    const { ratePerSecond } = this.#task;
    if (ratePerSecond === undefined) return true;
    const nowMs = performance.now();
    const most = Math.max(1, (ratePerSecond * RATE_BURST_MS) / 1000);
    const earned = ((nowMs - this.#allowanceAtMs) * ratePerSecond) / 1000;
    this.#allowance = Math.min(most, this.#allowance + earned);
    this.#allowanceAtMs = nowMs;
    if (this.#allowance < 1) return false;
    this.#allowance--;
    return true;
  }

  #connect(slot: number): void {
    this.#live++;
    this.counts.connecting++;
    this.#phases[slot] = PHASES.connecting;
    this.#timesMs[slot] = performance.now();
    this.#connections[slot] = new Connection(slot, this.#targetOf(slot), this);
  }

  #targetOf(slot: number): ConnectionTarget {
    const number = this.#task.firstNumber + slot;
    const port = portOf(this.#task, number);
    return {
      address: this.#task.address,
      port,
      localAddress: localAddressOf(this.#task, number),
      host: hostAndPort(this.#task.host, port),
      path: pathOf(this.#task, number),
      key: SAMPLE_KEY,
      tls: this.#tls,
      token: this.#task.token,
    };
  }

  #urlOf(slot: number): string {
    const number = this.#task.firstNumber + slot;
    return serverUrl(this.#task, portOf(this.#task, number)) + pathOf(this.#task, number);
  }

  #closeFrom(first: number): void {
    const next = Math.min(first + CLOSES_PER_TURN, this.#task.count);
    for (let slot = first; slot < next; slot++) this.#connections[slot]?.close(1000);
    if (next < this.#task.count) setImmediate(() => this.#closeFrom(next));
  }
}

/** A short name to count an error under: an HTTP status without its reason, a system error's code, else the message. */
function failureName(error: Error): string {
  if (error instanceof HandshakeError && error.status !== undefined) return `HTTP ${error.status}`;
  const { code } = error as NodeJS.ErrnoException;
  return code ?? error.message;
}
