// One uWS app of the public side: its routes, from the handshake on. The calls of uWebSockets.js that crash the process
// when they are made wrongly are made here, and only here.
import type {
  HttpRequest,
  HttpResponse,
  TemplatedApp,
  us_listen_socket,
  us_socket_context_t,
} from 'uWebSockets.js';
import { type Refusal, refusals } from '../codes.js';
import type { CertificateFiles } from '../tls/certificate.js';
import type { Admission, Admitted } from './admission.js';
import type { Binding } from './binding.js';
import type { Connection, ConnectionState } from './connections.js';
import type { Topics } from './fan-out.js';
import { readHandshake, subprotocolOf } from './handshake.js';

/** A client may send this much at once, in bytes; a longer message closes the connection. */
export const MAX_CLIENT_MESSAGE_BYTES = 1024;

/** What happens to an app's sockets and connections. */
export interface PublicAppEvents {
  /** A socket was accepted; its handshake is still to come. */
  accepted(): void;
  /** A socket is gone, whether it had become a connection or not. */
  left(): void;
  refused(refusal: Refusal): void;
  opened(connection: Connection, channel: string, admitted: Admitted): void;
  closed(connection: Connection, code: number, message: ArrayBuffer): void;
  dropped(connection: Connection): void;
  drained(connection: Connection): void;
  /** The client has sent a frame that means nothing to us. */
  heard(connection: Connection): void;
  ponged(connection: Connection): void;
  subscriptionChanged(connection: Connection, topic: ArrayBuffer, newCount: number, oldCount: number): void;
}

export interface PublicAppOptions {
  readonly maxBackpressureBytes: number;
  /** What each connection begins with. */
  readonly initialState: Readonly<ConnectionState>;
  readonly admission: Admission;
  /** With it, the app speaks TLS. */
  readonly certificate?: CertificateFiles;
}

/** A socket that listens, until it is closed. */
export type ListenSocket = us_listen_socket;

/** What is needed of a request after its handler has returned, when the request itself is gone. */
interface Upgrade {
  readonly key: string;
  readonly subprotocol: string;
  readonly context: us_socket_context_t;
}

/** A uWS app, and how many connections it holds. */
export class PublicApp implements Topics {
  readonly #binding: Binding;
  readonly #options: PublicAppOptions;
  readonly #events: PublicAppEvents;
  readonly #app: TemplatedApp;
  // uWS calls the open handler within res.upgrade(), so neither need be kept on the connection.
  #channel = '';
  #admitted!: Admitted;
  #connections = 0;

  /** @throws {Error} when uWS cannot use the certificate */
  constructor(binding: Binding, options: PublicAppOptions, events: PublicAppEvents) {
    this.#binding = binding;
    this.#options = options;
    this.#events = events;
    this.#app = this.#create();
  }

  get connections(): number {
    return this.#connections;
  }

  publish(topic: string | Uint8Array, message: Uint8Array, isBinary: boolean): boolean {
    return this.#app.publish(topic, message, isBinary);
  }

  numSubscribers(topic: string | Uint8Array | ArrayBuffer): number {
    return this.#app.numSubscribers(topic);
  }

  /** Listens on a port; `undefined` when it cannot be had, for which uWS gives no reason. */
  listen(host: string, port: number): ListenSocket | undefined {
    let socket: ListenSocket | false = false;
    this.#app.listen(host, port, (listening) => {
      socket = listening;
    });
    return socket === false ? undefined : socket;
  }

  /** Stops listening on a port, once and no more. */
  closeListener(socket: ListenSocket): void {
    this.#binding.us_listen_socket_close(socket);
  }

  #create(): TemplatedApp {
    const { maxBackpressureBytes, certificate } = this.#options;
    const events = this.#events;
    const app =
      certificate === undefined
        ? this.#binding.App()
        : this.#binding.SSLApp({ cert_file_name: certificate.cert, key_file_name: certificate.key });
    return app
      .ws<ConnectionState>('/*', {
        compression: this.#binding.DISABLED,
        maxPayloadLength: MAX_CLIENT_MESSAGE_BYTES,
        maxBackpressure: maxBackpressureBytes,
        closeOnBackpressureLimit: true,
        idleTimeout: 0,
        sendPingsAutomatically: false,
        maxLifetime: 0,
        upgrade: (res, req, context) => this.#upgrade(res, req, context),
        open: (ws) => {
          this.#connections++;
          events.opened(ws as Connection, this.#channel, this.#admitted);
        },
        close: (ws, code, message) => {
          this.#connections--;
          events.closed(ws as Connection, code, message);
          events.left();
        },
        dropped: (ws) => events.dropped(ws as Connection),
        drain: (ws) => events.drained(ws as Connection),
        message: (ws) => events.heard(ws as Connection),
        ping: (ws) => events.heard(ws as Connection),
        pong: (ws) => events.ponged(ws as Connection),
        subscription: (ws, topic, newCount, oldCount) =>
          events.subscriptionChanged(ws as Connection, topic, newCount, oldCount),
      })
      .any('/*', (res, req) => this.#refuse(res, refusalOf(req)))
      .filter((_res, count) => ((count as number) > 0 ? events.accepted() : events.left()));
  }

  #upgrade(res: HttpResponse, req: HttpRequest, context: us_socket_context_t) {
    const channel = readHandshake(req);
    if (typeof channel !== 'string') return this.#refuse(res, channel);
    const verdict = this.#options.admission.admit(req, res, channel);
    const upgrade = { key: req.getHeader('sec-websocket-key'), subprotocol: subprotocolOf(req), context };
    if (!(verdict instanceof Promise)) return this.#conclude(res, channel, verdict, upgrade);
    let isAborted = false;
    res.onAborted(() => {
      isAborted = true;
    });
    // An admission never rejects: whatever went wrong is a refusal.
    void verdict.then((later) => {
      if (!isAborted) res.cork(() => this.#conclude(res, channel, later, upgrade));
      else if ('expiresAtS' in later) this.#options.admission.release(later.address);
    });
  }

  #conclude(res: HttpResponse, channel: string, verdict: Admitted | Refusal, upgrade: Upgrade) {
    if ('status' in verdict) return this.#refuse(res, verdict);
    this.#channel = channel;
    this.#admitted = verdict;
    res.upgrade(this.#options.initialState, upgrade.key, upgrade.subprotocol, '', upgrade.context);
  }

  #refuse(res: HttpResponse, refusal: Refusal): void {
    this.#events.refused(refusal);
    res.writeStatus(refusal.status);
    for (const [name, value] of refusal.headers) res.writeHeader(name, value);
    res.writeHeader('Content-Type', 'text/plain; charset=utf-8');
    res.end(refusal.body, true);
  }
}

/** uWS sends a request without a 24-byte key here, whatever else it holds. */
function refusalOf(req: HttpRequest): Refusal {
  const refusal = readHandshake(req);
  return typeof refusal === 'string' ? refusals.badKey : refusal;
}
