// The public side of a worker: a uWS app for plain ports, one for TLS, and a listening socket per port.

import { type PortRange, portCount } from '../command/option.js';
import type { CertificateFiles } from '../tls/certificate.js';
import { AppTopics } from './app-topics.js';
import type { Binding } from './binding.js';
import { type ListenSocket, PublicApp, type PublicAppEvents, type PublicAppOptions } from './public-app.js';

export interface ListenerOptions extends Omit<PublicAppOptions, 'certificate'> {
  readonly host: string;
  readonly ports: PortRange;
  /** Ports that speak TLS, and the certificate that they show. */
  readonly tls: { readonly ports: PortRange; readonly certificate: CertificateFiles } | undefined;
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

/** Ports that an app listens on, and their sockets while it does. */
interface Endpoint {
  app: PublicApp;
  readonly ports: PortRange;
  sockets: ListenSocket[];
}

/** The listening sockets of a worker, and the apps behind them. */
export class Listener {
  /** Of all apps that hold connections. */
  readonly topics = new AppTopics();
  readonly #binding: Binding;
  readonly #options: ListenerOptions;
  readonly #events: PublicAppEvents;
  readonly #endpoints: Endpoint[] = [];
  readonly #tls: Endpoint | undefined;

  /** @throws {Error} when uWS cannot use the certificate */
  constructor(binding: Binding, options: ListenerOptions, events: PublicAppEvents) {
    this.#binding = binding;
    this.#options = options;
    this.#events = events;
    if (portCount(options.ports) > 0) this.#addEndpoint(options.ports, undefined);
    if (options.tls !== undefined) {
      this.#tls = this.#addEndpoint(options.tls.ports, options.tls.certificate);
    }
  }

  /**
   * Listens on every port.
   *
   * @throws {ListenError} when a port cannot be had; then none is listened on
   */
  open(): void {
    try {
      for (const endpoint of this.#endpoints) endpoint.sockets = this.#listen(endpoint);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Stops listening; connections stay. Harmless when nothing is listened on. */
  close(): void {
    for (const { app, sockets } of this.#endpoints) {
      for (const socket of sockets.splice(0)) app.closeListener(socket);
    }
  }

  /**
   * Reads the certificate again: new connections see what is on disk now, those that are open stay as they are.
   *
   * @throws {Error} when uWS cannot use it, or a port cannot be had; then all is as it was
   */
  renewCertificate(): void {
    const tls = this.#tls;
    if (tls === undefined) return;
    const { app: oldApp, sockets: oldSockets } = tls;
    const app = this.#createApp(this.#options.tls!.certificate);
    try {
      if (oldSockets.length > 0) tls.sockets = this.#listen({ app, ports: tls.ports });
    } catch (error) {
      this.topics.remove(app);
      throw error;
    }
    tls.app = app;
    this.#forgetWhenRetired(oldApp);
    // At the end of this turn: by then the accept loop has emptied the queues, which closing would reset.
    setImmediate(() => {
      for (const socket of oldSockets) oldApp.closeListener(socket);
    });
  }

  /** Listens on all ports, or on none. */
  #listen({ app, ports }: Pick<Endpoint, 'app' | 'ports'>): ListenSocket[] {
    const sockets: ListenSocket[] = [];
    for (let port = ports.first; port <= ports.last; port++) {
      const socket = app.listen(this.#options.host, port);
      if (socket === undefined) {
        for (const opened of sockets) app.closeListener(opened);
        throw new ListenError(this.#options.host, port);
      }
      sockets.push(socket);
    }
    return sockets;
  }

  #addEndpoint(ports: PortRange, certificate: CertificateFiles | undefined): Endpoint {
    const endpoint = { app: this.#createApp(certificate), ports, sockets: [] };
    this.#endpoints.push(endpoint);
    return endpoint;
  }

  #createApp(certificate: CertificateFiles | undefined): PublicApp {
    const events = this.#events;
    const app: PublicApp = new PublicApp(
      this.#binding,
      { ...this.#options, ...(certificate === undefined ? {} : { certificate }) },
      {
        ...events,
        closed: (connection, code, message) => {
          events.closed(connection, code, message);
          this.#forgetWhenRetired(app);
        },
        // Each app counts its own subscribers; a channel has those of all.
        subscriptionChanged: (connection, topic, newCount, oldCount) => {
          const others = this.topics.numSubscribersBeside(app, topic);
          events.subscriptionChanged(connection, topic, newCount + others, oldCount + others);
        },
      },
    );
    this.topics.add(app);
    return app;
  }

  /** The app of an earlier certificate goes with its last connection. */
  #forgetWhenRetired(app: PublicApp): void {
    if (app.connections > 0 || this.#endpoints.some((endpoint) => endpoint.app === app)) return;
    this.topics.remove(app);
  }
}
