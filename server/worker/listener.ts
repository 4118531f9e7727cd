// The public side of a worker: a uWS app for plain ports, another for TLS, a listening socket per port, and the gate that
// opens and closes these sockets.
import { NamedFileError } from '../command/named-file.js';
import { type PortRange, portCount } from '../command/option.js';
import type { Logger } from '../logger.js';
import type { ServerOptions } from '../options/server-options.js';
import {
  type CertificateFiles,
  certificateFiles,
  digestOfFiles,
  readCertificate,
} from '../tls/certificate.js';
import type { ShownCertificate } from '../tls/certificate-renewal.js';
import type { Binding } from './binding.js';
import { Gate } from './gate.js';
import { type ListenSocket, PublicApp, type PublicAppOptions, type PublicStages } from './public-app.js';

/** The server's options that a listener uses, and what the worker adds to them. */
export type ListenerOptions = PublicAppOptions &
  Pick<ServerOptions, 'host' | 'ports' | 'tlsPorts' | 'tlsCert' | 'tlsKey'> & {
    /** Most open sockets. */
    readonly socketsLimit: number;
  };

/** The server cannot listen on a port. */
export class ListenError extends Error {
  readonly code = 'LISTEN';
  readonly port: number;

  constructor(host: string, port: number) {
    super(`cannot listen on ${host} port ${port}`);
    this.port = port;
  }
}

/** The ports of an app, and their listening sockets while the app listens. */
interface Endpoint {
  app: PublicApp;
  readonly ports: PortRange;
  sockets: ListenSocket[];
}

/** The listening sockets of a worker, and the apps behind them. */
export class Listener {
  readonly #binding: Binding;
  readonly #options: ListenerOptions;
  readonly #stages: PublicStages;
  readonly #gate: Gate;
  readonly #endpoints: Endpoint[] = [];
  /** Only with TLS. */
  readonly #certificate: CertificateFiles | undefined;
  readonly #tls: Endpoint | undefined;
  #shown: ShownCertificate | undefined;

  /**
   * @param stages the stages that a client's socket passes after the gate
   * @param gateChanged is called when the worker has started to listen, or has stopped because it is full
   * @throws {Error} if uWS cannot use the certificate
   */
  constructor(
    binding: Binding,
    options: ListenerOptions,
    stages: Omit<PublicStages, 'gate'>,
    gateChanged: (isOpen: boolean) => void,
    logger: Logger,
  ) {
    this.#binding = binding;
    this.#options = options;
    const limit = options.socketsLimit;
    this.#gate = new Gate({
      limit,
      open: () => this.#open(),
      close: () => this.#close(),
      later: setTimeout,
      changed(isOpen, sockets) {
        gateChanged(isOpen);
        if (isOpen) logger.debug('listening', { sockets, limit });
        else logger.warn('full: not accepting until there is room', { sockets, limit });
      },
      reopenFailed: ({ message }) =>
        logger.error('there is room, but it is not possible to listen again', { error: message }),
    });
    this.#stages = { ...stages, gate: this.#gate };
    if (portCount(options.ports) > 0) this.#addEndpoint(options.ports, this.#createApp(undefined));
    this.#certificate = certificateFiles(options);
    if (this.#certificate !== undefined) {
      const { app, shown } = this.#createTlsApp(this.#certificate);
      this.#shown = shown;
      this.#tls = this.#addEndpoint(options.tlsPorts, app);
    }
  }

  /**
   * Listens on every port, unless the listener was shut before.
   *
   * @throws {ListenError} if a port cannot be bound; then the worker listens on none
   */
  start(): void {
    this.#gate.start();
  }

  /** The certificate for new connections; `undefined` without TLS. */
  get shownCertificate(): ShownCertificate | undefined {
    return this.#shown;
  }

  /** Stops listening for good. Connections stay open. */
  shut(): void {
    this.#gate.shut();
  }

  /**
   * Reads the certificate again. New connections get the one that is now on disk; open connections are not affected.
   *
   * @returns the certificate for new connections; `undefined` without TLS
   * @throws {Error} if uWS cannot use the new certificate, or a port cannot be bound; then nothing changes
   */
  renewCertificate(): ShownCertificate | undefined {
    const tls = this.#tls;
    if (tls === undefined) return undefined;
    const { app: oldApp, sockets: oldSockets } = tls;
    const { app, shown } = this.#createTlsApp(this.#certificate!);
    try {
      if (oldSockets.length > 0) tls.sockets = this.#listen({ app, ports: tls.ports });
    } catch (error) {
      app.retire();
      throw error;
    }
    tls.app = app;
    // Closing a listening socket resets the clients in its queue. At the end of this turn, the accept loop has emptied it.
    setImmediate(() => {
      for (const socket of oldSockets) oldApp.closeListener(socket);
      oldApp.retire();
    });
    this.#shown = shown;
    return shown;
  }

  #open(): void {
    try {
      for (const endpoint of this.#endpoints) endpoint.sockets = this.#listen(endpoint);
    } catch (error) {
      this.#close();
      throw error;
    }
  }

  #close(): void {
    for (const { app, sockets } of this.#endpoints) {
      for (const socket of sockets.splice(0)) app.closeListener(socket);
    }
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

  #addEndpoint(ports: PortRange, app: PublicApp): Endpoint {
    const endpoint = { app, ports, sockets: [] };
    this.#endpoints.push(endpoint);
    return endpoint;
  }

  #createApp(certificate: CertificateFiles | undefined): PublicApp {
    return new PublicApp(this.#binding, this.#options, this.#stages, certificate);
  }

  /** uWS itself reads the files. If they are the same before and after, it is known which certificate uWS has read. */
  #createTlsApp(files: CertificateFiles): { readonly app: PublicApp; readonly shown: ShownCertificate } {
    const { digest, expiresAtS } = readCertificate(files);
    let app: PublicApp;
    try {
      app = this.#createApp(files);
    } catch (error) {
      throw new NamedFileError(
        `--tls-cert ${JSON.stringify(files.cert)} and --tls-key ${JSON.stringify(files.key)} cannot be used: ${(error as Error).message}`,
      );
    }
    if (digestOfFiles(files) === digest) return { app, shown: { digest, expiresAtS } };
    app.retire();
    throw new NamedFileError('the files of the certificate changed while they were read');
  }
}
