// The public side of a worker: a uWS app, its routes, and a listening socket per port. The calls of uWebSockets.js that
// crash the process when they are made wrongly are made here, and only here.
import type { HttpRequest, HttpResponse, TemplatedApp, us_listen_socket } from 'uWebSockets.js';
import type { Binding } from './binding.js';
import { type Refusal, refusals } from './codes.js';
import type { Connection, ConnectionState } from './connections.js';
import { readHandshake } from './handshake.js';
import type { PortRange } from './option.js';

/** A client may send this much at once, in bytes; a longer message closes the connection. */
export const MAX_CLIENT_MESSAGE_BYTES = 1024;

/** What happens to a worker's sockets and connections. */
export interface ListenerEvents {
  /** A socket was accepted; its handshake is still to come. */
  accepted(): void;
  /** A socket is gone, whether it had become a connection or not. */
  left(): void;
  refused(refusal: Refusal): void;
  opened(connection: Connection, channel: string): void;
  closed(connection: Connection, code: number, message: ArrayBuffer): void;
  dropped(connection: Connection): void;
  drained(connection: Connection): void;
  ponged(connection: Connection): void;
  subscriptionChanged(connection: Connection, topic: ArrayBuffer, newCount: number, oldCount: number): void;
}

export interface ListenerOptions {
  readonly host: string;
  readonly ports: PortRange;
  readonly maxBackpressureBytes: number;
  /** What each connection begins with. */
  readonly initialState: Readonly<ConnectionState>;
}

/** A port could not be listened on. */
export class ListenError extends Error {
  readonly code = 'LISTEN';
  readonly port: number;

  constructor(host: string, port: number) {
    super(`cannot listen on ${host} port ${port}`);
    this.port = port;
  }
}

/** The listening sockets of a worker and the app behind them. */
export class Listener {
  readonly app: TemplatedApp;
  readonly #binding: Binding;
  readonly #options: ListenerOptions;
  #sockets: us_listen_socket[] = [];

  constructor(binding: Binding, options: ListenerOptions, events: ListenerEvents) {
    this.#binding = binding;
    this.#options = options;
    this.app = createApp(binding, options, events);
  }

  /**
   * Listens on every port of the range.
   *
   * @throws {ListenError} when a port cannot be had; then none is listened on
   */
  open(): void {
    const { host, ports } = this.#options;
    for (let port = ports.first; port <= ports.last; port++) {
      let socket: us_listen_socket | false = false;
      this.app.listen(host, port, (listening) => {
        socket = listening;
      });
      if (socket === false) {
        this.close();
        throw new ListenError(host, port);
      }
      this.#sockets.push(socket);
    }
  }

  /** Stops listening; connections stay. Harmless when nothing is listened on. */
  close(): void {
    for (const socket of this.#sockets.splice(0)) this.#binding.us_listen_socket_close(socket);
  }
}

function createApp(binding: Binding, options: ListenerOptions, events: ListenerEvents): TemplatedApp {
  // uWS calls the open handler within res.upgrade(), so the channel need not be kept on the connection.
  let channelOfUpgrade = '';
  return binding
    .App()
    .ws<ConnectionState>('/*', {
      compression: binding.DISABLED,
      maxPayloadLength: MAX_CLIENT_MESSAGE_BYTES,
      maxBackpressure: options.maxBackpressureBytes,
      closeOnBackpressureLimit: true,
      idleTimeout: 0,
      sendPingsAutomatically: false,
      maxLifetime: 0,
      upgrade(res, req, context) {
        const channel = readHandshake(req);
        if (typeof channel !== 'string') return refuse(res, channel, events);
        channelOfUpgrade = channel;
        res.upgrade(options.initialState, req.getHeader('sec-websocket-key'), '', '', context);
      },
      open: (ws) => events.opened(ws as Connection, channelOfUpgrade),
      close(ws, code, message) {
        events.closed(ws as Connection, code, message);
        events.left();
      },
      dropped: (ws) => events.dropped(ws as Connection),
      drain: (ws) => events.drained(ws as Connection),
      pong: (ws) => events.ponged(ws as Connection),
      subscription: (ws, topic, newCount, oldCount) =>
        events.subscriptionChanged(ws as Connection, topic, newCount, oldCount),
    })
    .any('/*', (res, req) => refuse(res, refusalOf(req), events))
    .filter((_res, count) => ((count as number) > 0 ? events.accepted() : events.left()));
}

/** uWS sends a request without a 24-byte key here, whatever else it holds. */
function refusalOf(req: HttpRequest): Refusal {
  const refusal = readHandshake(req);
  return typeof refusal === 'string' ? refusals.badKey : refusal;
}

function refuse(res: HttpResponse, refusal: Refusal, events: ListenerEvents): void {
  events.refused(refusal);
  res.writeStatus(refusal.status);
  for (const [name, value] of refusal.headers) res.writeHeader(name, value);
  res.writeHeader('Content-Type', 'text/plain; charset=utf-8');
  res.end(refusal.body, true);
}
