// One uWS app of the public side: its handlers, from accept and handshake on. The calls of uWebSockets.js that crash the
// process if they are made wrongly are made only here.
import type {
  HttpRequest,
  HttpResponse,
  TemplatedApp,
  us_listen_socket,
  us_socket_context_t,
} from 'uWebSockets.js';
import { type Refusal, refusals } from '../codes.js';
import type { CertificateFiles } from '../tls/certificate.js';
import type { Admission, Admitted, Verdict } from './admission.js';
import type { AppTopics } from './app-topics.js';
import type { Binding } from './binding.js';
import type { Connection, ConnectionState, Connections } from './connections.js';
import type { Counters } from './counters.js';
import type { FanOut, Topics } from './fan-out.js';
import type { Gate } from './gate.js';
import type { HalfOpenSockets } from './half-open-sockets.js';
import { type Handshake, HandshakeReader, subprotocolOf } from './handshake.js';

/** Most bytes of a message from a client. A longer message closes the connection. */
export const MAX_CLIENT_MESSAGE_BYTES = 1024;

/** The stages that a client's socket passes. */
export interface PublicStages {
  readonly gate: Gate;
  readonly halfOpen: HalfOpenSockets;
  readonly admission: Admission;
  readonly connections: Connections;
  readonly fanOut: FanOut;
  readonly topics: AppTopics;
  readonly counters: Counters;
}

export interface PublicAppOptions {
  /** If more bytes wait for a connection, it loses the next message and is closed. */
  readonly maxQueuedBytes: number;
  /** Most bytes of a request line and its headers. */
  readonly maxHeader: number;
  /** The state that each connection begins with. */
  readonly initialState: Readonly<ConnectionState>;
}

/** A listening socket. */
export type ListenSocket = us_listen_socket;

/** A uWS app. Its topics belong to the topics of all apps until it is retired and has no sockets left. */
export class PublicApp implements Topics {
  readonly #binding: Binding;
  readonly #options: PublicAppOptions;
  readonly #initialState: Readonly<ConnectionState>;
  readonly #stages: PublicStages;
  readonly #reader: HandshakeReader;
  readonly #app: TemplatedApp;
  /** The number of sockets, counted from accept on: each of them may still become a connection. */
  #sockets = 0;
  #isRetired = false;
  // Input for the open handler: res.upgrade() calls it before it returns, and passes nothing but the initial state.
  #channel = '';
  #admitted!: Admitted;

  /**
   * @param certificate if given, the app speaks TLS
   * @throws {Error} if uWS cannot use the certificate
   */
  constructor(
    binding: Binding,
    options: PublicAppOptions,
    stages: PublicStages,
    certificate: CertificateFiles | undefined,
  ) {
    this.#binding = binding;
    this.#options = options;
    this.#initialState =
      certificate === undefined
        ? options.initialState
        : Object.freeze({ ...options.initialState, isTls: true });
    this.#stages = stages;
    this.#reader = new HandshakeReader(options.maxHeader);
    this.#app = this.#create(certificate);
    stages.topics.add(this);
  }

  publish(topic: string | Uint8Array, message: Uint8Array, isBinary: boolean): boolean {
    return this.#app.publish(topic, message, isBinary);
  }

  numSubscribers(topic: string | Uint8Array | ArrayBuffer): number {
    return this.#app.numSubscribers(topic);
  }

  /** Listens on a port. Returns `undefined` if the port cannot be bound; uWS gives no reason. */
  listen(host: string, port: number): ListenSocket | undefined {
    let socket: ListenSocket | false = false;
    this.#app.listen(host, port, (listening) => {
      socket = listening;
    });
    return socket === false ? undefined : socket;
  }

  /** Stops listening on a port. Must be called only once for each socket. */
  closeListener(socket: ListenSocket): void {
    this.#binding.us_listen_socket_close(socket);
  }

  /** Notes that this app no longer listens. Once its last socket is gone, its topics are removed. */
  retire(): void {
    this.#isRetired = true;
    this.#leaveTopicsWhenEmpty();
  }

  #create(certificate: CertificateFiles | undefined): TemplatedApp {
    const { connections, fanOut, topics } = this.#stages;
    const app =
      certificate === undefined
        ? this.#binding.App()
        : this.#binding.SSLApp({ cert_file_name: certificate.cert, key_file_name: certificate.key });
    return app
      .ws<ConnectionState>('/*', {
        compression: this.#binding.DISABLED,
        maxPayloadLength: MAX_CLIENT_MESSAGE_BYTES,
        maxBackpressure: this.#options.maxQueuedBytes,
        closeOnBackpressureLimit: true,
        idleTimeout: 0,
        sendPingsAutomatically: false,
        maxLifetime: 0,
        upgrade: (res, req, context) => this.#upgrade(res, req, context),
        open: (ws) => this.#opened(ws as Connection),
        close: (ws, code, message) => this.#closed(ws as Connection, code, message),
        dropped: (ws) => connections.dropped(ws as Connection),
        message: (ws) => connections.heard(ws as Connection),
        ping: (ws) => connections.heard(ws as Connection),
        pong: (ws) => connections.ponged(ws as Connection),
        subscription: (_ws, topic, newCount, oldCount) => {
          // Each app counts only its own subscribers; a channel has those of all apps.
          const others = topics.numSubscribersBeside(this, topic);
          fanOut.subscriptionChanged(topic, newCount + others, oldCount + others);
        },
      })
      .any('/*', (res, req) => this.#otherRequest(res, req))
      .filter((res, count) => ((count as number) > 0 ? this.#accepted(res) : this.#leftUnopened(res)));
  }

  /** A socket was accepted. Its handshake has not arrived yet. */
  #accepted(res: HttpResponse): void {
    this.#sockets++;
    this.#stages.gate.accepted();
    this.#stages.halfOpen.accepted(res);
  }

  /** A socket has closed that never became a connection. */
  #leftUnopened(res: HttpResponse): void {
    this.#stages.halfOpen.ending(res);
    this.#left();
  }

  /** A socket has closed, whether it had become a connection or not. */
  #left(): void {
    this.#sockets--;
    this.#stages.gate.left();
    this.#leaveTopicsWhenEmpty();
  }

  #leaveTopicsWhenEmpty(): void {
    if (this.#isRetired && this.#sockets === 0) this.#stages.topics.remove(this);
  }

  #opened(connection: Connection): void {
    this.#stages.connections.opened(connection, this.#admitted);
    this.#stages.fanOut.join(connection, this.#channel);
  }

  #closed(connection: Connection, code: number, message: ArrayBuffer): void {
    this.#stages.connections.closed(connection, code, message);
    this.#stages.admission.release(connection.address ?? '');
    this.#left();
  }

  /** uWS calls this for any GET with a Sec-WebSocket-Key of 24 bytes. */
  #upgrade(res: HttpResponse, req: HttpRequest, context: us_socket_context_t) {
    const { halfOpen, admission } = this.#stages;
    if (!halfOpen.asked(res)) return;
    const handshake = this.#reader.read(req);
    if ('status' in handshake) return this.#refuse(res, handshake);
    const verdict = admission.admit(handshake, res);
    if (!(verdict instanceof Promise)) return this.#conclude(res, verdict, handshake, context);
    let isGone = false;
    res.onAborted(() => {
      isGone = true;
    });
    // This promise never rejects: any error becomes a refusal.
    void verdict.then((later) => {
      if (!isGone) res.cork(() => this.#conclude(res, later, handshake, context));
      else if ('validForS' in later) admission.release(later.address);
    });
  }

  /** uWS calls this for every other request. None of them is a valid handshake. */
  #otherRequest(res: HttpResponse, req: HttpRequest) {
    if (!this.#stages.halfOpen.asked(res)) return;
    const handshake = this.#reader.read(req);
    this.#refuse(res, 'status' in handshake ? handshake : refusals.badKey);
  }

  #conclude(res: HttpResponse, verdict: Verdict, handshake: Handshake, context: us_socket_context_t) {
    if ('status' in verdict) return this.#refuse(res, verdict);
    this.#channel = handshake.channel;
    this.#admitted = verdict;
    res.upgrade(this.#initialState, handshake.key, subprotocolOf(handshake), '', context);
  }

  /**
   * Answers in the next event-loop turn. After a request that is answered at once, uWS would read on, and there could be
   * another PROXY header with another address. If a request follows one that is not answered yet, uWS closes the socket.
   */
  #refuse(res: HttpResponse, refusal: Refusal): void {
    this.#stages.counters.countRejected(refusal.reason);
    let isGone = false;
    res.onAborted(() => {
      isGone = true;
    });
    setImmediate(() => {
      if (isGone) return;
      res.cork(() => {
        res.writeStatus(refusal.status);
        for (const [name, value] of refusal.headers) res.writeHeader(name, value);
        res.writeHeader('Content-Type', 'text/plain; charset=utf-8');
        res.end(refusal.body, true);
      });
    });
  }
}
