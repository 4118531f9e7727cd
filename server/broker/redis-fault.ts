// What went wrong with Redis, in one line for an operator: what happened, what to look at, and never a secret.
import { ConnectionTimeoutError, ErrorReply, SocketClosedUnexpectedlyError } from 'redis';

/** Longest part of an answer of Redis that is shown: the one of protected mode has 1,000 characters. */
const MAX_ANSWER_LENGTH = 200;

/** Errors of a certificate: names of OpenSSL's verification results, and Node's own for a wrong name. */
const CERTIFICATE_CODE = /CERT|UNABLE_TO_GET_ISSUER|HOSTNAME_MISMATCH/;

/** How the connection stood when it failed. */
export interface FaultContext {
  readonly isTls: boolean;
  /** It had not been set up yet. */
  readonly isNew: boolean;
}

/** One line about an error of the Redis client. */
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
  // The reader of the Redis client throws these; whatever else fails has a code.
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

/** The rights of this user do not allow it. They can be changed while a connection stands. */
export const isNoPermission = (error: unknown): error is ErrorReply =>
  error instanceof ErrorReply && error.message.startsWith('NOPERM');

/** A refusal, and what to grant. */
export const refusalOf = ({ message }: ErrorReply, right: string): string =>
  `${message}; the Redis user needs ${right}`;
