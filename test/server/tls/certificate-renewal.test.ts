import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { selfSigned } from '../../../bench/certificate.js';
import type { LogFields } from '../../../server/logger.js';
import { readCertificate } from '../../../server/tls/certificate.js';
import { CertificateRenewal, type Shower } from '../../../server/tls/certificate-renewal.js';

/** Files whose content can be exchanged, workers that take it or refuse it, and a renewal that looks when it is told. */
function renewalOf(t: Test) {
  const folder = mkdtempSync(join(tmpdir(), '10m-renewal-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  const exchange = () => {
    const made = selfSigned();
    copyFileSync(made.certFile, files.cert);
    copyFileSync(made.keyFile, files.key);
    made.remove();
  };
  exchange();
  const workers = [1, 2].map((number) => ({
    number,
    told: 0,
    refuses: false,
    certificate: readCertificate(files) as Shower['certificate'],
    renewalError: undefined as string | undefined,
    renewCertificate() {
      this.told++;
      this.renewalError = this.refuses ? 'no room for another app' : undefined;
      if (!this.refuses) this.certificate = readCertificate(files);
    },
  }));
  const lines: string[] = [];
  const write = (message: string, fields: LogFields = {}) =>
    lines.push(`${message} ${JSON.stringify(fields)}`);
  const logger = { debug: write, info: write, warn: write, error: write };
  const renewal = new CertificateRenewal(files, () => workers, logger);
  const look = (times: number) => {
    for (let i = 0; i < times; i++) renewal.look();
  };
  return { files, exchange, workers, lines, renewal, look };
}

t.test('a renewal counts once every worker shows the new certificate', (t) => {
  const { exchange, workers, lines, renewal, look } = renewalOf(t);
  const oldExpiry = renewal.expiresAtS;
  workers[1]!.refuses = true;
  exchange();
  look(2);
  t.equal(workers[0]!.told, 1);
  t.equal(renewal.succeeded, 0, 'one of them shows the old one');
  t.equal(renewal.failed, 1);
  t.equal(renewal.expiresAtS, oldExpiry, 'the expiry is that of the certificate in use that expires first');
  t.equal(lines.filter((line) => line.includes('cannot use the new certificate')).length, 1);
  look(20);
  t.ok(workers[1]!.told > 2, 'the worker that could not is told again');
  t.equal(workers[0]!.told, 1, 'the one that shows it is not');
  t.equal(renewal.failed, 1, 'and the failure is counted once');
  workers[1]!.refuses = false;
  look(6);
  t.equal(renewal.succeeded, 1);
  t.equal(lines.filter((line) => line.startsWith('certificate renewed')).length, 1);
  look(20);
  t.equal(renewal.succeeded, 1);
  t.end();
});

t.test('files that cannot be used are told once, and the workers are left alone', (t) => {
  const { files, workers, renewal, look, exchange } = renewalOf(t);
  writeFileSync(files.cert, 'garbage');
  look(10);
  t.same([renewal.failed, renewal.succeeded], [1, 0]);
  t.equal(workers[0]!.told, 0);
  exchange();
  look(3);
  t.same([renewal.failed, renewal.succeeded], [1, 1]);
  t.end();
});

t.test('a worker that is still starting is waited for', (t) => {
  const { exchange, workers, renewal, look } = renewalOf(t);
  workers[1]!.certificate = undefined;
  exchange();
  look(10);
  t.equal(workers[1]!.told, 0, 'it reads the files by itself');
  t.equal(renewal.succeeded, 0);
  workers[1]!.certificate = workers[0]!.certificate;
  look(1);
  t.equal(renewal.succeeded, 1);
  t.end();
});
