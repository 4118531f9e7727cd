// Connections that come and go, each with a ledger of the messages that it received.
import { Connection, type ConnectionEnd, type ConnectionOwner } from '../../client/connection/connection.js';
import { SAMPLE_KEY } from '../../client/connection/handshake.js';
import { countUnder, type LoadCounts, noCounts } from '../../client/load/load-counts.js';
import { hostAndPort } from '../../client/load/load-plan.js';
import { nowMs, readStamp, type Stamp } from '../stamp.js';

/** How long TCP and the handshake may take together. */
const HANDSHAKE_TIMEOUT_MS = 30_000;
const TICK_MS = 20;

/** What one process does; plain data. */
export interface ChurnTask {
  readonly port: number;
  readonly connectionsPerPort: number;
  /** Connections that are open at a time, and the number of the first. */
  readonly count: number;
  readonly firstNumber: number;
  /** Connection `n` joins channel `n` modulo this. */
  readonly channels: number;
  /** The shortest and the longest life of a connection, ms. */
  readonly minLifeMs: number;
  readonly maxLifeMs: number;
}

/** The ledger of one connection, from its opening to its end. Times are ms since 1970. */
export interface ChurnRecord {
  readonly channel: number;
  readonly openedAtMs: number;
  /** When it was cut; Infinity while it is open. */
  endedAtMs: number;
  /** The first and the highest number that it received; 0 for none. */
  first: number;
  highest: number;
  received: number;
  duplicates: number;
  outOfOrder: number;
}

interface Slot {
  connection: Connection | undefined;
  record: ChurnRecord | undefined;
  /** When the attempt began, or when the connection is to be cut. */
  dueAtMs: number;
}

/** Keeps `count` connections open, each for a random time. */
export class Churner implements ConnectionOwner {
  readonly counts: LoadCounts = noCounts();
  readonly records: ChurnRecord[] = [];
  readonly #task: ChurnTask;
  readonly #slots: Slot[];
  readonly #random: () => number;
  readonly #stamp: Stamp = { publishedAtMs: 0, number: 0 };
  #timer: NodeJS.Timeout | undefined;
  #onStopped: (() => void) | undefined;

  constructor(task: ChurnTask, random: () => number = Math.random) {
    this.#task = task;
    this.#random = random;
    this.#slots = Array.from({ length: task.count }, () => ({
      connection: undefined,
      record: undefined,
      dueAtMs: 0,
    }));
  }

  start(): void {
    for (let slot = 0; slot < this.#task.count; slot++) this.#connect(slot);
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  /** Cuts all; resolves when the last has ended. */
  stop(): Promise<void> {
    clearInterval(this.#timer);
    return new Promise((resolve) => {
      this.#onStopped = resolve;
      for (const [slot, { record }] of this.#slots.entries()) this.#cut(slot, record);
      this.#finishStop();
    });
  }

  onOpen(connection: Connection): void {
    const { minLifeMs, maxLifeMs, firstNumber, channels } = this.#task;
    const openedAtMs = nowMs();
    const slot = this.#slots[connection.id]!;
    slot.dueAtMs = openedAtMs + minLifeMs + this.#random() * (maxLifeMs - minLifeMs);
    slot.record = {
      channel: (firstNumber + connection.id) % channels,
      openedAtMs,
      endedAtMs: Number.POSITIVE_INFINITY,
      first: 0,
      highest: 0,
      received: 0,
      duplicates: 0,
      outOfOrder: 0,
    };
    this.counts.connecting--;
    this.counts.connected++;
    this.counts.made++;
  }

  onMessage(connection: Connection, payload: Buffer): void {
    const { record } = this.#slots[connection.id]!;
    if (payload.length === 0) {
      this.counts.pings++;
      return;
    }
    if (record === undefined || !readStamp(payload, this.#stamp)) return;
    const { number } = this.#stamp;
    this.counts.messages++;
    record.received++;
    if (record.first === 0) record.first = number;
    else if (number === record.highest) record.duplicates++;
    else if (number < record.highest) record.outOfOrder++;
    record.highest = Math.max(record.highest, number);
  }

  onPing(): void {
    this.counts.pings++;
  }

  onPong(): void {}

  onEnd(connection: Connection, end: ConnectionEnd): void {
    const slot = this.#slots[connection.id]!;
    const { record } = slot;
    if (record === undefined) {
      this.counts.connecting--;
      this.counts.failed++;
      countUnder(this.counts.failures, end.error?.message ?? `close code ${end.code}`);
    } else {
      this.counts.connected--;
      if (record.endedAtMs === Number.POSITIVE_INFINITY) {
        record.endedAtMs = nowMs();
        this.counts.lost++;
      }
      this.records.push(record);
    }
    slot.connection = undefined;
    slot.record = undefined;
    this.#finishStop();
  }

  #tick(): void {
    const now = nowMs();
    for (const [slot, { connection, record, dueAtMs }] of this.#slots.entries()) {
      if (connection === undefined) this.#connect(slot);
      else if (now >= dueAtMs) this.#cut(slot, record);
    }
  }

  /** Ends a connection: half of them with a close frame, half of them by a reset, as if the network had failed. */
  #cut(slot: number, record: ChurnRecord | undefined): void {
    const { connection } = this.#slots[slot]!;
    if (connection === undefined) return;
    const isFirstCut = record !== undefined && record.endedAtMs === Number.POSITIVE_INFINITY;
    if (isFirstCut) record.endedAtMs = nowMs();
    if (isFirstCut && this.#onStopped === undefined && this.#random() < 0.5) {
      connection.close(1000);
      // A server that does not answer the close frame is reset.
      this.#slots[slot]!.dueAtMs = nowMs() + 1_000;
    } else {
      connection.destroy();
    }
  }

  #connect(slot: number): void {
    const number = this.#task.firstNumber + slot;
    const port = this.#task.port + Math.floor(number / this.#task.connectionsPerPort);
    const state = this.#slots[slot]!;
    this.counts.connecting++;
    state.dueAtMs = nowMs() + HANDSHAKE_TIMEOUT_MS;
    state.connection = new Connection(
      slot,
      {
        address: '127.0.0.1',
        port,
        host: hostAndPort('127.0.0.1', port),
        path: `/c${number % this.#task.channels}`,
        key: SAMPLE_KEY,
      },
      this,
    );
  }

  #finishStop(): void {
    if (this.#slots.every(({ connection }) => connection === undefined)) this.#onStopped?.();
  }
}
