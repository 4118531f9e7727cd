// What load processes count, and how the counts of several become one.
import { HandshakeError } from '../connection/handshake.js';

/** Counts since the start, except where it says "now". All of them are numbers of connections or of frames. */
export interface LoadCounts {
  /** Handshakes under way now. */
  connecting: number;
  /** Connections that are open now. */
  connected: number;
  /** The most that were open at once. */
  peakConnected: number;
  /** Connections that were ever open, each number once. */
  made: number;
  /** Connection numbers that will not be tried again. */
  ended: number;
  /** Attempts that failed. */
  failed: number;
  /** Connections that were not closed by this client, each time. */
  closed: number;
  /** Of those, the ones that count against the run: see LoadSummary. */
  lost: number;
  /** How many times a connection was opened again. */
  reconnects: number;
  pings: number;
  /** Messages that are not empty. */
  messages: number;
  /** Their payloads together, bytes. */
  bytes: number;
  /** Messages that were to be printed and that standard output has not taken. */
  unprinted: number;
  /** Connections that were ever pinged, each number once. */
  pinged: number;
  /** When the latest connection was first open, ms since 1970; 0 before. */
  lastMadeAtMs: number;
  closedByCode: Record<string, number>;
  failures: Record<string, number>;
}

export const noCounts = (): LoadCounts => ({
  connecting: 0,
  connected: 0,
  peakConnected: 0,
  made: 0,
  ended: 0,
  failed: 0,
  closed: 0,
  lost: 0,
  reconnects: 0,
  pings: 0,
  messages: 0,
  bytes: 0,
  unprinted: 0,
  pinged: 0,
  lastMadeAtMs: 0,
  closedByCode: {},
  failures: {},
});

/** True once so many connections have been open or have failed. One that reconnects and fails again counts each time. */
export const haveTried = (counts: LoadCounts, connections: number): boolean =>
  counts.made + counts.failed >= connections;

/** Adds 1 to what is counted under `name`. */
export function countUnder(record: Record<string, number>, name: string | number): void {
  record[name] = (record[name] ?? 0) + 1;
}

/** A short name to count an error under: an HTTP status without its reason, a system error's code, else the message. */
export function failureName(error: Error): string {
  if (error instanceof HandshakeError && error.status !== undefined) return `HTTP ${error.status}`;
  const { code } = error as NodeJS.ErrnoException;
  return code ?? error.message;
}

/** The counts of all processes. Their peaks were not reached at one time, so the sum's own peak is for the caller to keep. */
export function sumCounts(all: readonly LoadCounts[]): LoadCounts {
  const sum = noCounts();
  for (const counts of all) {
    sum.connecting += counts.connecting;
    sum.connected += counts.connected;
    sum.peakConnected = Math.max(sum.peakConnected, counts.peakConnected);
    sum.made += counts.made;
    sum.ended += counts.ended;
    sum.failed += counts.failed;
    sum.closed += counts.closed;
    sum.lost += counts.lost;
    sum.reconnects += counts.reconnects;
    sum.pings += counts.pings;
    sum.messages += counts.messages;
    sum.bytes += counts.bytes;
    sum.unprinted += counts.unprinted;
    sum.pinged += counts.pinged;
    sum.lastMadeAtMs = Math.max(sum.lastMadeAtMs, counts.lastMadeAtMs);
    addRecord(sum.closedByCode, counts.closedByCode);
    addRecord(sum.failures, counts.failures);
  }
  sum.peakConnected = Math.max(sum.peakConnected, sum.connected);
  return sum;
}

function addRecord(sum: Record<string, number>, record: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(record)) sum[name] = (sum[name] ?? 0) + count;
}
