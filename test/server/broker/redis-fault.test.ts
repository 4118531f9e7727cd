import { ConnectionTimeoutError, ErrorReply, SocketClosedUnexpectedlyError } from 'redis';
import t from 'tap';
import { isNoPermission, reasonOf, refusalOf } from '../../../server/broker/redis-fault.js';

const plain = { isTls: false, isNew: true };
const tls = { isTls: true, isNew: true };
const withCode = (code: string, message = '', more = {}) =>
  Object.assign(new Error(message), { code, ...more });

t.test('what Redis answers is told as it is, in one sentence', async (t) => {
  t.equal(reasonOf(new ErrorReply('WRONGPASS invalid'), plain), 'WRONGPASS invalid');
  t.equal(
    reasonOf(new ErrorReply('NOAUTH Authentication required.'), plain),
    'NOAUTH Authentication required. --redis names no password',
  );
  const denied = `DENIED Redis is running in protected mode because of a reason. In this mode ${'x'.repeat(800)}`;
  t.equal(
    reasonOf(new ErrorReply(denied), plain),
    'DENIED Redis is running in protected mode because of a reason.',
  );
  t.equal(reasonOf(new ErrorReply('x'.repeat(5000)), plain).length, 200);
});

t.test('a port that speaks TLS or does not, against what the URL says', async (t) => {
  const useRedis = /does Redis speak TLS on this port\? If it does not, use redis:\/\/$/;
  const useRediss = /does it speak TLS on this port\? If it does, use rediss:\/\/$/;
  t.match(reasonOf(new ConnectionTimeoutError(), tls), useRedis);
  t.equal(reasonOf(new ConnectionTimeoutError(), plain), 'no connection in time');
  const wrongVersion = withCode('ERR_SSL_WRONG_VERSION_NUMBER', '80CB:error:0A00010B:SSL', {
    reason: 'wrong version number',
  });
  t.match(reasonOf(wrongVersion, tls), useRedis);
  t.match(reasonOf(wrongVersion, tls), /^TLS failed \(wrong version number\)/);
  for (const error of [withCode('ECONNRESET'), withCode('EPIPE'), new SocketClosedUnexpectedlyError()]) {
    t.match(reasonOf(error, plain), useRediss);
    t.match(reasonOf(error, tls), /does it want a client certificate\?$/);
    t.notMatch(reasonOf(error, { ...plain, isNew: false }), /TLS/, 'one that worked before');
  }
  t.equal(
    reasonOf(
      withCode('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'x', { reason: 'certificate required' }),
      tls,
    ),
    'TLS failed (certificate required)',
  );
});

t.test('a certificate that is not accepted', async (t) => {
  for (const code of ['DEPTH_ZERO_SELF_SIGNED_CERT', 'CERT_HAS_EXPIRED', 'ERR_TLS_CERT_ALTNAME_INVALID']) {
    t.equal(reasonOf(withCode(code, 'why'), tls), 'the TLS certificate of Redis is not accepted: why', code);
  }
});

t.test('somebody else than Redis, and what has no words of its own', async (t) => {
  t.match(
    reasonOf(new Error('Unknown RESP type 72 "H"'), plain),
    /does not speak the protocol of Redis \(Unknown/,
  );
  t.match(reasonOf(new TypeError('x is undefined'), plain), /does not speak the protocol of Redis \(x is/);
  const both = new AggregateError([new Error('refused ::1'), new Error('refused 127.0.0.1')]);
  t.equal(reasonOf(both, plain), 'refused ::1, refused 127.0.0.1');
  t.equal(reasonOf(withCode('ECONNREFUSED'), plain), 'ECONNREFUSED');
  t.equal(reasonOf(new Error('no answer within 5 s'), plain), 'no answer within 5 s');
  t.equal(reasonOf(new Error(), plain), 'Error');
});

t.test('a refusal names the right', async (t) => {
  const refusal = new ErrorReply('NOPERM no');
  t.ok(isNoPermission(refusal));
  t.notOk(isNoPermission(new ErrorReply('NOAUTH')));
  t.notOk(isNoPermission(new Error('NOPERM')));
  t.equal(refusalOf(refusal, '+publish'), 'NOPERM no; the Redis user needs +publish');
});
