import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { selfSigned } from '../../../bench/certificate.js';
import { readCertificate, validityWarning } from '../../../server/tls/certificate.js';

const made = selfSigned();
t.teardown(() => made.remove());

t.test('the error for a byte order mark names the flag and the file', (t) => {
  const folder = t.testdir({});
  const marked = (file: string) => {
    const path = join(folder, 'marked.pem');
    writeFileSync(path, Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), readFileSync(file)]));
    return path;
  };
  const { certFile: cert, keyFile: key } = made;
  t.throws(() => readCertificate({ cert: marked(cert), key }), {
    message: /^--tls-cert ".*marked\.pem" begins with a byte order mark; save it as plain ASCII$/,
  });
  t.throws(() => readCertificate({ cert, key: marked(key) }), {
    message: /^--tls-key ".*marked\.pem" begins with a byte order mark/,
  });
  t.end();
});

t.test('text around the PEM is allowed, since many authorities write it', (t) => {
  const folder = t.testdir({});
  const path = join(folder, 'chain.pem');
  writeFileSync(path, `subject=CN = localhost\r\n${readFileSync(made.certFile, 'utf8')}\n\n# end\n`);
  t.ok(readCertificate({ cert: path, key: made.keyFile }).digest);
  t.end();
});

t.test('a certificate outside its validity period causes a warning', (t) => {
  const { beginsAtS, expiresAtS } = readCertificate({ cert: made.certFile, key: made.keyFile });
  const certificate = { digest: '', subject: '', beginsAtS, expiresAtS };
  t.equal(validityWarning(certificate, (beginsAtS + expiresAtS) / 2), undefined);
  t.match(validityWarning(certificate, expiresAtS), /expired at 20.*: clients refuse it/);
  t.match(validityWarning(certificate, beginsAtS - 1), /is not valid before 20.*: clients refuse it/);
  t.end();
});

t.test('the error for an encrypted key says so', (t) => {
  const folder = t.testdir({});
  const encrypted = join(folder, 'key.pem');
  execFileSync('openssl', [
    ...['pkcs8', '-topk8', '-in', made.keyFile, '-passout', 'pass:x', '-out', encrypted],
  ]);
  t.throws(() => readCertificate({ cert: made.certFile, key: encrypted }), { message: /is encrypted/ });
  t.end();
});
