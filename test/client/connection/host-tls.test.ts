import { Socket } from 'node:net';
import t from 'tap';
import { HandshakeError } from '../../../client/connection/handshake.js';
import { hostTls, tlsRefusal } from '../../../client/connection/host-tls.js';

t.test('a name is asked for, an address is not', async (t) => {
  t.equal(hostTls('push.example.com', {}).servername, 'push.example.com');
  t.equal(hostTls('127.0.0.1', {}).servername, '');
  t.equal(hostTls('::1', {}).servername, '');
});

t.test('what is about TLS is a refusal, what is about the network is none', async (t) => {
  const socket = new Socket();
  const error = (code: string, reason?: string) => Object.assign(new Error('x'), { code, reason });
  const refusal = tlsRefusal(socket, error('ERR_SSL_WRONG_VERSION_NUMBER', 'wrong version number'));
  t.ok(refusal instanceof HandshakeError && !refusal.isPassing);
  t.equal(refusal?.message, 'TLS: wrong version number');
  t.equal(tlsRefusal(socket, error('ERR_SSL_X'))?.message, 'TLS: ERR_SSL_X');
  t.equal(tlsRefusal(socket, error('ECONNRESET')), undefined);
  socket.destroy();
});
