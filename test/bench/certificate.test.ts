import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import t from 'tap';
import { selfSigned } from '../../bench/certificate.js';

t.test('a certificate for loopback, and its end', async (t) => {
  const { certFile, keyFile, pem, remove } = selfSigned();
  const certificate = new X509Certificate(pem);
  t.equal(certificate.checkIP('127.0.0.1'), '127.0.0.1');
  t.equal(certificate.checkHost('localhost'), 'localhost');
  t.equal(readFileSync(certFile, 'utf8'), pem);
  t.match(readFileSync(keyFile, 'utf8'), 'PRIVATE KEY');
  remove();
  t.notOk(existsSync(certFile) || existsSync(keyFile));
});

t.test('without openssl it says so, and leaves nothing', async (t) => {
  const path = process.env['PATH'];
  t.teardown(() => {
    process.env['PATH'] = path;
  });
  process.env['PATH'] = t.testdir();
  t.throws(() => selfSigned(), { message: /^openssl made no certificate: .*ENOENT/ });
});
