// The answers of the admin listener, and how they are sent.
import type { IncomingMessage, ServerResponse } from 'node:http';

/** A complete answer. */
export interface Answer {
  readonly status: number;
  readonly body: string | Buffer;
  readonly type: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** How long the rest of an unwanted body is read and discarded, so that a client that still sends it can read the answer. */
const LINGER_MS = 5000;

export const json = (
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): Answer => ({
  status,
  body: `${JSON.stringify(value)}\n`,
  type: 'application/json',
  headers,
});

/** @param error one line: what was wrong and what is allowed */
export const fail = (status: number, error: string, headers: Readonly<Record<string, string>> = {}): Answer =>
  json(status, { error }, headers);

/** Sends an answer. A HEAD request gets all of it except the body (RFC 9110 section 9.3.2). */
export function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, body, type, headers }: Answer,
): void {
  const isUnread = !request.complete;
  response.writeHead(status, {
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    ...headers,
    ...(isUnread ? { Connection: 'close' } : {}),
  });
  const sent = request.method === 'HEAD' ? '' : body;
  if (!isUnread) {
    response.end(sent);
    return;
  }
  response.write(sent);
  lingerAndClose(request);
}

/** If the socket were closed with unread bytes, the kernel would reset it, and the answer could be lost (RFC 9112 section 9.6). */
function lingerAndClose(request: IncomingMessage): void {
  const { socket } = request;
  socket.end();
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  request.once('close', () => {
    clearTimeout(timer);
    socket.destroy();
  });
  request.resume();
}
