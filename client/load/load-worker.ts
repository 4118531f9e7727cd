// Holds the connections of one process: makes them at the rate asked for, counts what they bring, finds the dead ones.
import { TokenBucket } from '../../server/command/token-bucket.js';
import { Connection, type ConnectionEnd, type ConnectionOwner } from '../connection/connection.js';
import { type HostTls, hostTls } from '../connection/host-tls.js';
import { asksToReturn, refusalOf, retryDelayMs } from '../connection/retry.js';
import { LatencyHistogram } from './latency-histogram.js';
import { countUnder, failureName, haveTried, type LoadCounts, noCounts } from './load-counts.js';
import { type LoadTask, targetOf, urlOf } from './load-plan.js';
import { messageTimeMs } from './message-time.js';
import { PingGaps } from './ping-gaps.js';
import { PHASES, Slots } from './slots.js';

/** How long TCP and the handshake may take together before the attempt counts as failed. */
const HANDSHAKE_TIMEOUT_MS = 30_000;
/** How long the server has to answer our close frames at the end; what is left then is reset. */
const CLOSE_TIMEOUT_MS = 2_000;
/** Close frames sent in one turn of the event loop at the end. */
const CLOSES_PER_TURN = 500;
/** Between two looks at what is due, while there is something to connect; otherwise `IDLE_TICK_MS`. */
const BUSY_TICK_MS = 20;
const IDLE_TICK_MS = 250;
/** After a pause of the process, connections of this time may be made up for at once. */
const RATE_BURST_MS = 100;

/** One connection number is one slot. */
export class LoadWorker implements ConnectionOwner {
  readonly counts: LoadCounts = noCounts();
  readonly latency = new LatencyHistogram();
  readonly pingGaps: PingGaps;
  /** Resolves once every connection has been open or has failed. */
  readonly tried: Promise<void>;
  #onTried: () => void = () => {};
  readonly #task: LoadTask;
  readonly #tls: HostTls | undefined;
  /** Where messages go that are to be printed. The payload is valid during the call only. */
  readonly #print: (url: string, payload: Buffer) => void;
  readonly #random: () => number;
  readonly #bucket: TokenBucket | undefined;
  readonly #connections: (Connection | undefined)[];
  readonly #slots: Slots;
  #nextSlot = 0;
  /** Slots that have a connection, and slots in phase `waiting`. */
  #live = 0;
  #waiting = 0;
  #timer: NodeJS.Timeout | undefined;
  #onStopped: (() => void) | undefined;

  constructor(
    task: LoadTask,
    print: (url: string, payload: Buffer) => void,
    random: () => number = Math.random,
  ) {
    this.#task = task;
    this.#bucket = task.ratePerSecond === undefined ? undefined : bucketOf(task.ratePerSecond);
    this.#tls = task.tls === undefined ? undefined : hostTls(task.host, task.tls);
    this.#print = print;
    this.#random = random;
    this.tried = new Promise((resolve) => {
      this.#onTried = resolve;
    });
    this.pingGaps = new PingGaps(task.count);
    this.#connections = new Array(task.count).fill(undefined);
    this.#slots = new Slots(task.count);
  }

  start(): void {
    this.#tick();
  }

  /** Closes every connection and resolves when all have ended; only ends that had begun before are still counted. */
  stop(): Promise<void> {
    clearTimeout(this.#timer);
    for (const connection of this.#connections) {
      if (connection?.isEnding === false) this.#slots.phases[connection.id] = PHASES.stopping;
    }
    return new Promise((resolve) => {
      const deadline = setTimeout(() => {
        for (const connection of this.#connections) connection?.destroy();
      }, CLOSE_TIMEOUT_MS);
      this.#onStopped = () => {
        clearTimeout(deadline);
        for (const owes of this.#slots.owesReturn) this.counts.lost += owes;
        resolve();
      };
      if (this.#live === 0) this.#onStopped();
      else this.#closeFrom(0);
    });
  }

  onOpen(connection: Connection): void {
    if (this.#onStopped !== undefined) {
      connection.destroy();
      return;
    }
    const { counts } = this;
    const slot = connection.id;
    this.#slots.phases[slot] = PHASES.open;
    this.#slots.timesMs[slot] = performance.now();
    this.#slots.attempts[slot] = 0;
    this.#slots.owesReturn[slot] = 0;
    this.pingGaps.onOpen(slot);
    counts.connecting--;
    counts.connected++;
    counts.peakConnected = Math.max(counts.peakConnected, counts.connected);
    if (this.#slots.wasMade[slot] === 1) {
      counts.reconnects++;
    } else {
      this.#slots.wasMade[slot] = 1;
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
    if (this.#onStopped !== undefined) return;
    this.#slots.timesMs[connection.id] = performance.now();
    this.counts.messages++;
    this.counts.bytes += payload.length;
    const nowMs = performance.timeOrigin + performance.now();
    const sentAtMs = isBinary ? undefined : messageTimeMs(payload, nowMs);
    if (sentAtMs !== undefined) this.latency.record(nowMs - sentAtMs);
    if (this.#task.prints) this.#print(urlOf(this.#task, this.#task.firstNumber + connection.id), payload);
  }

  /** Counts a ping, in either of its forms. */
  onPing(connection: Connection): void {
    if (this.#onStopped !== undefined) return;
    const nowMs = performance.now();
    this.#slots.timesMs[connection.id] = nowMs;
    this.counts.pings++;
    this.pingGaps.onPing(connection.id, Math.ceil(nowMs));
    this.counts.pinged = this.pingGaps.pinged;
  }

  onPong(connection: Connection): void {
    this.#slots.timesMs[connection.id] = performance.now();
  }

  onEnd(connection: Connection, end: ConnectionEnd): void {
    const slot = connection.id;
    this.#connections[slot] = undefined;
    this.#live--;
    const wasOpen = this.#slots.phases[slot] !== PHASES.connecting;
    if (this.#slots.phases[slot] !== PHASES.stopping) this.#countEnd(slot, end);
    if (this.#onStopped !== undefined) {
      if (this.#live === 0) this.#onStopped();
      return;
    }
    this.#wait(slot, end, wasOpen);
    this.#connectMore();
  }

  #noteTried(): void {
    if (haveTried(this.counts, this.#task.count)) this.#onTried();
  }

  #countEnd(slot: number, end: ConnectionEnd): void {
    const { counts } = this;
    if (end.error !== undefined) countUnder(counts.failures, failureName(end.error));
    if (this.#slots.phases[slot] === PHASES.connecting) {
      counts.connecting--;
      counts.failed++;
      this.#noteTried();
      return;
    }
    counts.connected--;
    counts.closed++;
    countUnder(counts.closedByCode, end.code);
    if (this.#task.reconnects && asksToReturn(end.code)) this.#slots.owesReturn[slot] = 1;
    else counts.lost++;
  }

  /** Has the slot reconnect later, where that is asked for. */
  #wait(slot: number, end: ConnectionEnd, wasOpen: boolean): void {
    if (!this.#task.reconnects || refusalOf(end, wasOpen) !== undefined) {
      this.#slots.phases[slot] = PHASES.ended;
      this.counts.ended++;
      return;
    }
    const delayMs = retryDelayMs(end, this.#slots.attempts[slot]!, this.#random);
    this.#slots.attempts[slot] = Math.min(255, this.#slots.attempts[slot]! + 1);
    this.#slots.phases[slot] = PHASES.waiting;
    this.#slots.timesMs[slot] = performance.now() + delayMs;
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
      const phase = this.#slots.phases[slot]!;
      const sinceMs = nowMs - this.#slots.timesMs[slot]!;
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
    return this.#bucket?.take() ?? true;
  }

  #connect(slot: number): void {
    this.#live++;
    this.counts.connecting++;
    this.#slots.phases[slot] = PHASES.connecting;
    this.#slots.timesMs[slot] = performance.now();
    this.#connections[slot] = new Connection(
      slot,
      targetOf(this.#task, this.#task.firstNumber + slot, this.#tls),
      this,
    );
  }

  #closeFrom(first: number): void {
    const next = Math.min(first + CLOSES_PER_TURN, this.#task.count);
    for (let slot = first; slot < next; slot++) this.#connections[slot]?.close(1000);
    if (next < this.#task.count) setImmediate(() => this.#closeFrom(next));
  }
}

const bucketOf = (ratePerSecond: number): TokenBucket =>
  new TokenBucket(
    ratePerSecond,
    () => performance.now(),
    Math.max(1, (ratePerSecond * RATE_BURST_MS) / 1000),
  );
