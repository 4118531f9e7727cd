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
import type { Admission, Admitted, Verdict } from './admission.js';
import type { AppTopics } from './app-topics.js';
import type { Binding } from './binding.js';
import type { Connection, ConnectionState, Connections } from './connections.js';
import type { Counters } from './counters.js';
import type { FanOut, Topics } from './fan-out.js';
import type { Gate } from './gate.js';
import type { HalfOpenSockets } from './half-open-sockets.js';
import { type Handshake, HandshakeReader, subprotocolOf } from './handshake.js';

/** A client may send this much at once, in bytes; a longer message closes the connection. */
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
  /** A connection for which more bytes wait loses the next message and is closed. */
  readonly maxQueuedBytes: number;
  /** Most bytes of a request line and its headers. */
  readonly maxHeader: number;
  /** What each connection begins with. */
  readonly initialState: Readonly<ConnectionState>;
}

/** A socket that listens, until it is closed. */
export type ListenSocket = us_listen_socket;

/** A uWS app. Its topics are among those of all apps for as long as it has sockets. */
export class PublicApp implements Topics {
  readonly #binding: Binding;
  readonly #options: PublicAppOptions;
  readonly #initialState: Readonly<ConnectionState>;
  readonly #stages: PublicStages;
  readonly #reader: HandshakeReader;
  readonly #app: TemplatedApp;
  /** Sockets from accept on: each of them may still become a connection. */
  #sockets = 0;
  #isRetired = false;
  // What the open handler needs: res.upgrade() calls it before it returns, and hands over nothing but the state.
  #channel = '';
  #admitted!: Admitted;

  /**
   * @param certificate with it, the app speaks TLS
   * @throws {Error} when uWS cannot use the certificate
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

  /** Says that this app listens no more: it leaves the topics with its last socket. */
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
          // Each app counts its own subscribers; a channel has those of all.
          const others = topics.numSubscribersBeside(this, topic);
          fanOut.subscriptionChanged(topic, newCount + others, oldCount + others);
        },
      })
      .any('/*', (res, req) => this.#otherRequest(res, req))
      .filter((res, count) => ((count as number) > 0 ? this.#accepted(res) : this.#leftUnopened(res)));
  }

  /** A socket was accepted; its handshake is still to come. */
  #accepted(res: HttpResponse): void {
    this.#sockets++;
    this.#stages.gate.accepted();
    this.#stages.halfOpen.accepted(res);
  }

  /** A socket is gone that had not become a connection. */
  #leftUnopened(res: HttpResponse): void {
    this.#stages.halfOpen.ending(res);
    this.#left();
  }

  /** A socket is gone, whether it had become a connection or not. */
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

  /** uWS calls this for a GET with a key of 24 bytes, whatever else it holds. */
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
    // An admission never rejects: whatever went wrong is a refusal.
    void verdict.then((later) => {
      if (!isGone) res.cork(() => this.#conclude(res, later, handshake, context));
      else if ('validForS' in later) admission.release(later.address);
    });
  }

  /** uWS calls this for every other request: none of them is a handshake. */
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
   * Answers in the next turn of the loop: uWS reads on behind a request that is answered at once, and another PROXY
   * header could stand there, with another address. Where a request comes behind one that waits, it closes the socket.
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
