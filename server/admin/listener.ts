// The admin listener: publish, health, metrics and control over HTTP, for operators and their machines.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { explain } from '../host/port-check.js';
import type { Logger } from '../logger.js';
import { fail, send } from './answer.js';
import { Bodies } from './bodies.js';
import { Pipelines } from './pipelines.js';
import { maxJsonBytes } from './publication.js';
import { answer, type RouteParts } from './routes.js';
import { SharedCollection } from './shared-collection.js';

/** What the admin listener needs. */
export interface AdminParts extends Omit<RouteParts, 'bodies' | 'metrics'> {
  readonly host: string;
  readonly port: number;
  readonly metrics: () => Promise<string>;
  readonly logger: Logger;
}

/** A connection without any traffic for this long is closed. No answer takes longer. */
const IDLE_MS = 60_000;
/**
 * How long a client may take to send its request, how often Node checks that, and how long a connection may wait for its
 * next request: Node's own 5 s would close the connection of a publisher that is busy for a moment.
 */
const TIMEOUTS = {
  requestTimeout: 10_000,
  headersTimeout: 10_000,
  connectionsCheckingInterval: 1000,
  keepAliveTimeout: IDLE_MS,
};
/** The server closes further connections at once. */
const MAX_CONNECTIONS = 1000;
/** Most bytes of all bodies together, or twice the largest body if that is more. */
const MAX_HELD_BYTES = 64 * 1024 * 1024;

/**
 * Opens the admin listener.
 *
 * @throws {Error} with one line for the operator when its port cannot be had
 */
export async function openAdmin(parts: AdminParts): Promise<Server> {
  const { host, port, maxMessageBytes } = parts;
  const metrics = new SharedCollection(async () => Buffer.from(await parts.metrics()));
  const stats = new SharedCollection(parts.stats);
  const routeParts: RouteParts = {
    ...parts,
    bodies: new Bodies(Math.max(MAX_HELD_BYTES, 2 * maxJsonBytes(maxMessageBytes))),
    metrics: () => metrics.get(),
    stats: () => stats.get(),
  };
  const pipelines = new Pipelines((request, response) =>
    respond(routeParts, parts.logger, request, response),
  );
  const server = createServer(TIMEOUTS);
  server.maxConnections = MAX_CONNECTIONS;
  server.setTimeout(IDLE_MS);
  server.on('connection', pipelines.add);
  server.on('request', pipelines.take);
  // A client that sends `Expect: 100-continue` gets an answer once it is known whether its body is wanted.
  server.on('checkContinue', pipelines.take);
  server.on('clientError', (error, socket: Socket) => refuse(error, socket, pipelines.isAnswering(socket)));
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(new Error(`admin: ${explain(host, port, error)}`)));
    server.listen({ host, port, exclusive: true }, resolve);
  });
  return server;
}

/** Answers a request. It settles once the kernel has the whole answer, or once the connection is lost. */
async function respond(
  parts: RouteParts,
  logger: Logger,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const closed = new Promise((resolve) => response.once('close', resolve));
  try {
    const result = await answer(parts, request, response);
    if (result !== undefined) send(request, response, result);
  } catch (error) {
    // The client left before its request was complete.
    if (request.destroyed && !request.complete) return;
    const { stack, message } = error as Error;
    logger.error('admin request failed', { path: request.url ?? '', error: stack ?? message });
    if (response.headersSent) {
      request.socket.destroy();
      return;
    }
    send(request, response, fail(500, 'internal error; the log says more'));
  }
  await closed;
}

/** Answers to requests that the parser of Node refuses, by the code of its error. */
const parserAnswers: Readonly<Record<string, readonly [status: string, error: string]>> = {
  HPE_INVALID_URL: ['400 Bad Request', 'the path holds characters that must be percent-encoded'],
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'the request line and headers are too large'],
  ERR_HTTP_REQUEST_TIMEOUT: [
    '408 Request Timeout',
    `the request took more than ${TIMEOUTS.requestTimeout / 1000} s`,
  ],
};

/** @param isAnswering an answer has begun, so another one cannot be sent */
function refuse(error: NodeJS.ErrnoException, socket: Socket, isAnswering: boolean): void {
  if (!socket.writable || isAnswering) {
    socket.destroy();
    return;
  }
  const [status, reason] = parserAnswers[error.code ?? ''] ?? [
    '400 Bad Request',
    'this is not an HTTP request',
  ];
  const body = `${JSON.stringify({ error: reason })}\n`;
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
