// The paths of the admin listener, who may use each of them, and what answers there.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { BrokerUnavailableError, type Publisher } from '../broker/broker.js';
import { channelOfPath } from '../channel.js';
import { type Answer, fail, json } from './answer.js';
import { type Bodies, BodyTooLargeError, TooManyBodiesError } from './bodies.js';
import type { AdminGuard, Protection } from './guard.js';
import { maxJsonBytes, parsePublication, publishToAll } from './publication.js';
import type { StatusPage } from './status-page.js';

/** What the routes show and control. */
export interface RouteParts {
  readonly guard: AdminGuard;
  readonly bodies: Bodies;
  readonly maxMessageBytes: number;
  readonly publisher: Publisher;
  /** Returns why the server is not ready; `undefined` if it is ready. */
  readonly obstacle: () => string | undefined;
  readonly metrics: () => Promise<Buffer>;
  readonly stats: () => Promise<unknown>;
  readonly drain: () => void;
  /** Begins a rolling restart. Returns false if one is not possible now. */
  readonly restart: () => boolean;
  readonly page: StatusPage;
}

/** A request, and the response to it. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Path of the URL as it was sent, without the query. */
  readonly path: string;
}

interface Route {
  /** GET stands for HEAD too. */
  readonly method: 'GET' | 'POST';
  readonly path: RegExp;
  readonly protection: Protection;
  readonly handle: (parts: RouteParts, exchange: Exchange) => Promise<Answer> | Answer;
}

/** For monitoring by other machines. */
const open: Protection = { needsToken: false, isOpen: true };
/** For operators to look at. */
const shown: Protection = { needsToken: false, isOpen: false };
/** For routes that publish or change something. */
const guarded: Protection = { needsToken: true, isOpen: false };

const routes: readonly Route[] = [
  { method: 'POST', path: /^\/publish\/?$/, protection: guarded, handle: publishToMany },
  { method: 'POST', path: /^\/publish\//, protection: guarded, handle: publishToOne },
  { method: 'GET', path: /^\/metrics$/, protection: open, handle: metrics },
  { method: 'GET', path: /^\/healthz$/, protection: open, handle: () => json(200, { alive: true }) },
  { method: 'GET', path: /^\/readyz$/, protection: open, handle: readyz },
  {
    method: 'GET',
    path: /^\/stats$/,
    protection: shown,
    handle: async ({ stats }) => json(200, await stats()),
  },
  { method: 'POST', path: /^\/drain$/, protection: guarded, handle: drain },
  { method: 'POST', path: /^\/restart$/, protection: guarded, handle: restart },
];

/** @returns the answer; `undefined` if the status page handles the response */
export async function answer(
  parts: RouteParts,
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
  if (route === undefined) return notAllowed(matching[0]!);
  const denial = parts.guard.check(request, route.protection);
  if (denial !== undefined) {
    return fail(denial.status, denial.error, denial.status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {});
  }
  try {
    return await route.handle(parts, { request, response, path });
  } catch (error) {
    if (error instanceof BodyTooLargeError) return tooLarge(parts, error.maxBytes);
    if (error instanceof TooManyBodiesError) return fail(503, error.message, { 'Retry-After': '1' });
    if (error instanceof BrokerUnavailableError) return fail(503, unavailable(error.message));
    throw error;
  }
}

function notAllowed({ method }: Route): Answer {
  const allow = method === 'GET' ? 'GET, HEAD' : method;
  return fail(405, `only ${method} is served here`, { Allow: allow });
}

function tooLarge({ maxMessageBytes }: RouteParts, maxBytes: number): Answer {
  const json = maxBytes > maxMessageBytes ? `, and a JSON body ${maxBytes}` : '';
  return fail(413, `a message may have ${maxMessageBytes} bytes (--max-message)${json}`);
}

const unavailable = (reason: string): string => `broker unavailable: ${reason}`;

async function publishToOne(
  { bodies, maxMessageBytes, publisher }: RouteParts,
  { request, response, path }: Exchange,
): Promise<Answer> {
  const channel = channelOfPath(path.slice('/publish'.length));
  if (typeof channel !== 'string') return fail(400, channel.body.trim());
  return bodies.read(request, response, maxMessageBytes, async (message) => {
    await publisher.publish(channel, message);
    return json(202, { channel, bytes: message.byteLength });
  });
}

async function publishToMany(
  { bodies, maxMessageBytes, publisher }: RouteParts,
  { request, response }: Exchange,
): Promise<Answer> {
  return bodies.read(request, response, maxJsonBytes(maxMessageBytes), async (body) => {
    const publication = parsePublication(body);
    if (typeof publication === 'string') return fail(400, publication);
    const bytes = publication.message.byteLength;
    if (bytes > maxMessageBytes) throw new BodyTooLargeError(maxMessageBytes);
    const { published, failed, reason } = await publishToAll(publisher, publication);
    if (reason === undefined) return json(202, { channels: published, bytes });
    const error = unavailable(
      `${reason}; published on ${published.length} of ${publication.channels.length} channels`,
    );
    return json(503, { error, published, failed, bytes });
  });
}

async function metrics(parts: RouteParts): Promise<Answer> {
  return { status: 200, body: await parts.metrics(), type: 'text/plain; version=0.0.4; charset=utf-8' };
}

function readyz(parts: RouteParts): Answer {
  const reason = parts.obstacle();
  return reason === undefined ? json(200, { ready: true }) : json(503, { ready: false, reason });
}

function drain(parts: RouteParts): Answer {
  parts.drain();
  return json(202, { draining: true });
}

function restart(parts: RouteParts): Answer {
  if (parts.restart()) return json(202, { restarting: true });
  return fail(409, 'the server is starting, stopping or restarting already');
}
