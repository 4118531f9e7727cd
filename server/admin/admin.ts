// The admin listener: publish, health, metrics and control over HTTP, for operators and their machines.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { BrokerUnavailableError, type Publisher } from '../broker/broker.js';
import { channelOfPath, checkChannel } from '../channel.js';
import { explain } from '../host/port-check.js';
import type { Logger } from '../logger.js';
import type { AdminGuard, Protection } from './admin-guard.js';
import { BodyTooLargeError, readBody } from './http-body.js';
import type { StatusPage } from './status-page.js';

/** What the admin listener shows and sets in motion. */
export interface AdminParts {
  readonly host: string;
  readonly port: number;
  readonly guard: AdminGuard;
  readonly maxMessageBytes: number;
  readonly publisher: Publisher;
  /** Why the server is not ready; `undefined` when it is. */
  readonly obstacle: () => string | undefined;
  readonly metrics: () => Promise<string>;
  readonly stats: () => Promise<unknown>;
  readonly drain: () => void;
  /** Begins a rolling restart; false when this is no time for it. */
  readonly restart: () => boolean;
  readonly page: StatusPage;
  readonly logger: Logger;
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly type: string;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: RegExp;
  readonly protection: Protection;
  readonly handle: (parts: AdminParts, request: IncomingMessage, path: string) => Promise<Answer> | Answer;
}

/** How long a client may take to send its request; Node looks that often whether one has taken longer. */
const TIMEOUTS = { requestTimeout: 10_000, headersTimeout: 10_000, connectionsCheckingInterval: 1000 };

/** For machines that look after this one. */
const open: Protection = { needsToken: false, isOpen: true };
/** For operators' eyes. */
const shown: Protection = { needsToken: false, isOpen: false };
/** What sends or changes something. */
const guarded: Protection = { needsToken: true, isOpen: false };

/** A JSON string can take six bytes for one of the message (`\u0000`), and there are the channels beside it. */
const MAX_JSON_GROWTH = 6;
const MAX_CHANNELS_BYTES = 1024 * 1024;

const json = (status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Answer => ({
  status,
  body: `${JSON.stringify(value)}\n`,
  type: 'application/json',
  headers,
});

const fail = (status: number, error: string, headers: Readonly<Record<string, string>> = {}): Answer =>
  json(status, { error }, headers);

const routes: readonly Route[] = [
  { method: 'POST', path: /^\/publish\/?$/, protection: guarded, handle: publishToMany },
  { method: 'POST', path: /^\/publish\//, protection: guarded, handle: publishToOne },
  {
    method: 'GET',
    path: /^\/metrics$/,
    protection: open,
    handle: async (parts) => ({
      status: 200,
      body: await parts.metrics(),
      type: 'text/plain; version=0.0.4; charset=utf-8',
    }),
  },
  { method: 'GET', path: /^\/healthz$/, protection: open, handle: () => json(200, { alive: true }) },
  { method: 'GET', path: /^\/readyz$/, protection: open, handle: readyz },
  {
    method: 'GET',
    path: /^\/stats$/,
    protection: shown,
    handle: async (parts) => json(200, await parts.stats()),
  },
  { method: 'POST', path: /^\/drain$/, protection: guarded, handle: drain },
  { method: 'POST', path: /^\/restart$/, protection: guarded, handle: restart },
];

/**
 * Opens the admin listener.
 *
 * @throws {Error} with one line for the operator when its port cannot be had
 */
export async function openAdmin(parts: AdminParts): Promise<Server> {
  const server = createServer(TIMEOUTS, (request, response) => {
    answer(parts, request, response).then(
      (result) => {
        if (result !== undefined) send(request, response, result);
      },
      (error: Error) => {
        if (request.destroyed && !request.complete) return;
        parts.logger.error('admin request failed', {
          path: request.url ?? '',
          error: error.stack ?? error.message,
        });
        send(request, response, fail(500, 'internal error; the log says more'));
      },
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(new Error(`admin: ${explain(parts.host, parts.port, error)}`)));
    server.listen({ host: parts.host, port: parts.port, exclusive: true }, resolve);
  });
  return server;
}

/** `undefined` when the status page has answered. */
async function answer(
  parts: AdminParts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Answer | undefined> {
  const path = (request.url ?? '/').split('?', 1)[0]!;
  if (parts.page.isFor(request, path)) {
    const denial = parts.guard.check(request, shown);
    if (denial !== undefined) return fail(denial.status, denial.error);
    parts.page.serve(request, response, path);
    return undefined;
  }
  const matching = routes.filter((route) => route.path.test(path));
  if (matching.length === 0) return fail(404, 'nothing is here');
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const route = matching.find((candidate) => candidate.method === method);
  if (route === undefined) {
    const allow = matching[0]!.method;
    return fail(405, `only ${allow} is served here`, { Allow: allow });
  }
  const denial = parts.guard.check(request, route.protection);
  if (denial !== undefined) {
    return fail(denial.status, denial.error, denial.status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {});
  }
  try {
    return await route.handle(parts, request, path);
  } catch (error) {
    if (error instanceof BodyTooLargeError) return tooLarge(parts);
    if (error instanceof BrokerUnavailableError) return fail(503, `broker unavailable: ${error.message}`);
    throw error;
  }
}

const tooLarge = (parts: AdminParts): Answer =>
  fail(413, `a message may have ${parts.maxMessageBytes} bytes (--max-message)`);

function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, body, type, headers }: Answer,
): void {
  // A body that was not read to its end is not worth waiting for.
  if (!request.complete) response.setHeader('Connection', 'close');
  response.writeHead(status, {
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    ...headers,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

async function publishToOne(parts: AdminParts, request: IncomingMessage, path: string): Promise<Answer> {
  const channel = channelOfPath(path.slice('/publish'.length));
  if (typeof channel !== 'string') return fail(400, channel.body.trim());
  const message = await readBody(request, parts.maxMessageBytes);
  await parts.publisher.publish(channel, message);
  return json(202, { channel, bytes: message.byteLength });
}

async function publishToMany(parts: AdminParts, request: IncomingMessage): Promise<Answer> {
  const body = await readBody(request, MAX_JSON_GROWTH * parts.maxMessageBytes + MAX_CHANNELS_BYTES);
  const parsed = parseMany(body);
  if (typeof parsed === 'string') return fail(400, parsed);
  const message = Buffer.from(parsed.message);
  if (message.byteLength > parts.maxMessageBytes) return tooLarge(parts);
  await Promise.all(parsed.channels.map((channel) => parts.publisher.publish(channel, message)));
  return json(202, { channels: parsed.channels, bytes: message.byteLength });
}

/** The channels and the message of a JSON body, or what is wrong with it. */
function parseMany(body: Buffer): { channels: string[]; message: string } | string {
  let value: unknown;
  try {
    value = JSON.parse(body.toString());
  } catch {
    return 'the body is no JSON; give {"channels": ["news"], "message": "hello"}, or POST /publish/CHANNEL';
  }
  const { channels, message } = (value ?? {}) as { channels?: unknown; message?: unknown };
  if (!Array.isArray(channels) || channels.length === 0) return '"channels" must be a list of channels';
  if (typeof message !== 'string') return '"message" must be a string';
  if (!message.isWellFormed()) return '"message" holds half of a surrogate pair';
  for (const [i, channel] of channels.entries()) {
    const checked = typeof channel === 'string' ? checkChannel(channel) : undefined;
    if (checked === undefined) return `channels[${i}] is no string`;
    if (typeof checked !== 'string') return `channels[${i}]: ${checked.body.trim()}`;
  }
  return { channels, message };
}

function readyz(parts: AdminParts): Answer {
  const reason = parts.obstacle();
  return reason === undefined ? json(200, { ready: true }) : json(503, { ready: false, reason });
}

function drain(parts: AdminParts): Answer {
  parts.drain();
  return json(202, { draining: true });
}

function restart(parts: AdminParts): Answer {
  if (parts.restart()) return json(202, { restarting: true });
  return fail(409, 'the server is starting, stopping or restarting already');
}
