// Explains a fault of Redis in one line for an operator: what happened, and what to check, but never a secret.
import { ConnectionTimeoutError, ErrorReply, SocketClosedUnexpectedlyError } from 'redis';

/** Most characters of a Redis answer that are shown: the answer of protected mode has 1,000 characters. */
const MAX_ANSWER_LENGTH = 200;

/** Certificate errors: the names of OpenSSL's verification results, and Node's own code for a wrong name. */
const CERTIFICATE_CODE = /CERT|UNABLE_TO_GET_ISSUER|HOSTNAME_MISMATCH/;

/** The state of the connection when it failed. */
export interface FaultContext {
  readonly isTls: boolean;
  /** The connection had not been set up yet. */
  readonly isNew: boolean;
}

/** Describes an error of the Redis client in one line. */
export function reasonOf(error: Error, { isTls, isNew }: FaultContext): string {
  const { code = '', reason } = error as NodeJS.ErrnoException & { reason?: string };
  if (error instanceof ErrorReply) return answerOf(error);
  if (error instanceof ConnectionTimeoutError) {
    return isTls
      ? 'no TLS handshake in time: does Redis speak TLS on this port? If it does not, use redis://'
      : 'no connection in time';
  }
  if (/^ERR_SSL_(WRONG_VERSION|PACKET_LENGTH)/.test(code)) {
    return `TLS failed (${reason}): does Redis speak TLS on this port? If it does not, use redis://`;
  }
  if (code.startsWith('ERR_SSL_')) return `TLS failed (${reason})`;
  if (CERTIFICATE_CODE.test(code)) return `the TLS certificate of Redis is not accepted: ${error.message}`;
  const isClosed = error instanceof SocketClosedUnexpectedlyError;
  if (isNew && (isClosed || code === 'ECONNRESET' || code === 'EPIPE')) {
    return isTls
      ? 'the connection was cut before Redis answered: does it want a client certificate?'
      : 'the connection was cut before Redis answered: does it speak TLS on this port? If it does, use rediss://';
  }
  if (isClosed) return 'the connection was closed by Redis';
  // The reader of the Redis client throws these; all other errors have a code.
  if (error instanceof TypeError || error.message.startsWith('Unknown RESP type')) {
    return `what answers does not speak the protocol of Redis (${error.message})`;
  }
  if (error instanceof AggregateError) return error.errors.map(({ message }) => message).join(', ');
  return error.message || code || error.name;
}

function answerOf({ message }: ErrorReply): string {
  if (message.startsWith('NOAUTH')) return `${message} --redis names no password`;
  if (message.length <= MAX_ANSWER_LENGTH) return message;
  const sentence = /^.*?\.(?= )/.exec(message)?.[0] ?? message;
  return sentence.slice(0, MAX_ANSWER_LENGTH);
}

/** Whether the rights of this user forbid a command. They can change while a connection is open. */
export const isNoPermission = (error: unknown): error is ErrorReply =>
  error instanceof ErrorReply && error.message.startsWith('NOPERM');

/** Describes a refusal, and the right to grant. */
export const refusalOf = ({ message }: ErrorReply, right: string): string =>
  `${message}; the Redis user needs ${right}`;
