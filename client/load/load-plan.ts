// Which connection goes where: ports, channels, source addresses, and the split over processes. Pure.
import type { ConnectionTarget } from '../connection/connection.js';
import { SAMPLE_KEY } from '../connection/handshake.js';
import type { HostTls, TlsTrust } from '../connection/host-tls.js';

/** What one load process does; plain data, as it is sent to the process. */
export interface LoadTask {
  /** IP address of the server. */
  readonly address: string;
  /** The host as the command line named it. */
  readonly host: string;
  readonly firstPort: number;
  readonly connectionsPerPort: number;
  /** The channel's name, with `{n}` for the number of the connection. */
  readonly channel: string;
  /** True where source addresses are spread over 127.0.0.0/8. */
  readonly spreadsAddresses: boolean;
  /** The numbers of the connections: `firstNumber` and the `count - 1` after it. */
  readonly firstNumber: number;
  readonly count: number;
  /** New connections a second of this process; undefined means as fast as the server accepts them. */
  readonly ratePerSecond: number | undefined;
  /** How many handshakes may be under way at once. */
  readonly maxConnecting: number;
  /** Time without a frame after which a connection is dead; 0 means never. */
  readonly idleTimeoutMs: number;
  readonly reconnects: boolean;
  readonly prints: boolean;
  /** For connections over TLS. */
  readonly tls?: TlsTrust | undefined;
  /** Sent in every handshake as `Authorization: Bearer`. */
  readonly token?: string | undefined;
}

/** What all processes share, before it is split. */
export type LoadSpread = Omit<LoadTask, 'firstNumber' | 'count' | 'maxConnecting' | 'spreadsAddresses'> & {
  readonly connections: number;
};

/**
 * Connections from one source address when addresses are spread. A socket bound to an address takes a local port of its
 * own, whatever it connects to. Linux looks in a quarter of its range first, 7,058 ports by default; measured, a bind
 * costs 30 µs until that is full and 1.5 ms from then on.
 */
const CONNECTIONS_PER_ADDRESS = 5_000;
/** Connections to one port that the kernel finds source ports for without help: below the 28,232 of the default range. */
const CONNECTIONS_PER_DESTINATION = 20_000;
/** Handshakes under way in all processes that connect at one time, and the bounds for one; a listener's backlog is 512. */
const MAX_CONNECTING = { all: 1024, leastPerProcess: 16, mostPerProcess: 128 };

/**
 * One task per process, the numbers in contiguous blocks.
 *
 * @param workers processes asked for; more are used where `connectionsPerProcess` asks for it, fewer are where there are
 *   fewer connections
 */
export function splitLoad(spread: LoadSpread, workers: number, connectionsPerProcess: number): LoadTask[] {
  const { connections, ratePerSecond, ...shared } = spread;
  const processes = Math.min(connections, Math.max(workers, Math.ceil(connections / connectionsPerProcess)));
  const perPort = Math.min(connections, spread.connectionsPerPort);
  const evenShare = Math.floor(MAX_CONNECTING.all / processesAtOnce(spread, workers, processes));
  return Array.from({ length: processes }, (_, i) => {
    const firstNumber = Math.floor((i * connections) / processes);
    const count = Math.floor(((i + 1) * connections) / processes) - firstNumber;
    return {
      ...shared,
      firstNumber,
      count,
      ratePerSecond: ratePerSecond === undefined ? undefined : (ratePerSecond * count) / connections,
      maxConnecting: Math.max(
        MAX_CONNECTING.leastPerProcess,
        Math.min(MAX_CONNECTING.mostPerProcess, evenShare),
      ),
      spreadsAddresses: spread.address.startsWith('127.') && perPort > CONNECTIONS_PER_DESTINATION,
    };
  });
}

/**
 * How many processes connect at one time: without a rate no more than were asked for, since others would only fill the
 * listeners' backlogs, and what does not fit there is sent again a second later.
 */
export const processesAtOnce = (
  { ratePerSecond }: Pick<LoadSpread, 'ratePerSecond'>,
  workers: number,
  processes: number,
): number => (ratePerSecond === undefined ? Math.min(workers, processes) : processes);

/** The last port that the connections need; above 65,535 there are too many of them. */
export const lastPort = (firstPort: number, connections: number, connectionsPerPort: number): number =>
  firstPort + Math.ceil(connections / connectionsPerPort) - 1;

/** The port of connection `number`. */
export const portOf = (task: LoadTask, number: number): number =>
  task.firstPort + Math.floor(number / task.connectionsPerPort);

/**
 * The source address of connection `number`: undefined leaves it to the kernel; else 127.0.0.1 for the first 5,000,
 * 127.0.0.2 for the next, and so on. When addresses are spread, all are named: the kernel would not give an unnamed one
 * any port that a named one has.
 */
export function localAddressOf(task: LoadTask, number: number): string | undefined {
  if (!task.spreadsAddresses) return undefined;
  const block = Math.floor(number / CONNECTIONS_PER_ADDRESS) + 1;
  return `127.${(block >> 16) & 255}.${(block >> 8) & 255}.${block & 255}`;
}

/** The path of connection `number`: its channel, percent-encoded, slashes kept. */
export const pathOf = (task: LoadTask, number: number): string =>
  `/${task.channel.replaceAll('{n}', String(number)).split('/').map(encodeURIComponent).join('/')}`;

/** `ws://host:port`, or `wss://host:port` with TLS. */
export const serverUrl = ({ host, tls }: Pick<LoadTask, 'host' | 'tls'>, port: number): string =>
  `${tls === undefined ? 'ws' : 'wss'}://${hostAndPort(host, port)}`;

/** `host:port` as it is written in URLs and `Host` headers. */
export const hostAndPort = (host: string, port: number): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`;

/** Where connection `number` goes. */
export function targetOf(task: LoadTask, number: number, tls: HostTls | undefined): ConnectionTarget {
  const port = portOf(task, number);
  return {
    address: task.address,
    port,
    localAddress: localAddressOf(task, number),
    host: hostAndPort(task.host, port),
    path: pathOf(task, number),
    key: SAMPLE_KEY,
    tls,
    token: task.token,
  };
}

/** The URL of connection `number`. */
export const urlOf = (task: LoadTask, number: number): string =>
  serverUrl(task, portOf(task, number)) + pathOf(task, number);
