// TLS to one host: which certificates are trusted, which name is asked for, and why a TLS handshake has failed.
import { isIP, type Socket } from 'node:net';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import { HandshakeError } from './handshake.js';

/** Which servers are trusted; plain data, as it is sent to load processes. */
export interface TlsTrust {
  /** PEM of the certificates to trust; Node's own roots where it is not given. */
  readonly ca?: string | undefined;
}

/** TLS of all connections to one host. The context holds the trusted certificates: one serves a whole process. */
export interface HostTls {
  readonly context: SecureContext;
  /** The name for SNI, which the certificate must be for; empty for an IP address, which SNI cannot name (RFC 6066 section 3). */
  readonly servername: string;
}

/** @param host name or address, IPv6 without brackets */
export const hostTls = (host: string, { ca }: TlsTrust): HostTls => ({
  context: createSecureContext(ca === undefined ? {} : { ca }),
  servername: isIP(host) === 0 ? host : '',
});

/** The refusal that `error` means where it is about TLS and not about the network: another attempt would end in the same way. */
export function tlsRefusal(socket: Socket, error: Error): HandshakeError | undefined {
  if (socket instanceof TLSSocket && socket.authorizationError) {
    return new HandshakeError(`the certificate cannot be verified: ${error.message}`);
  }
  const { code, reason } = error as NodeJS.ErrnoException & { reason?: string };
  return code?.startsWith('ERR_SSL_') === true ? new HandshakeError(`TLS: ${reason ?? code}`) : undefined;
}
