import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { selfSigned } from '../../../bench/certificate.js';
import type { LogFields } from '../../../server/logger.js';
import { readCertificate } from '../../../server/tls/certificate.js';
import { CertificateRenewal, type Shower } from '../../../server/tls/certificate-renewal.js';

/** A renewal that looks on demand, with files that can be replaced and workers that accept or refuse them. */
function renewalOf(t: Test) {
  const folder = mkdtempSync(join(tmpdir(), '10m-renewal-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  const replaceFiles = () => {
    const made = selfSigned();
    copyFileSync(made.certFile, files.cert);
    copyFileSync(made.keyFile, files.key);
    made.remove();
  };
  replaceFiles();
  const workers = [1, 2].map((number) => ({
    number,
    ordered: 0,
    refuses: false,
    certificate: readCertificate(files) as Shower['certificate'],
    renewalError: undefined as string | undefined,
    renewCertificate() {
      this.ordered++;
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
  return { files, replaceFiles, workers, lines, renewal, look };
}

t.test('a renewal is counted once every worker serves the new certificate', (t) => {
  const { replaceFiles, workers, lines, renewal, look } = renewalOf(t);
  const oldExpiry = renewal.expiresAtS;
  workers[1]!.refuses = true;
  replaceFiles();
  look(2);
  t.equal(workers[0]!.ordered, 1);
  t.equal(renewal.succeeded, 0, 'one worker still serves the old one');
  t.equal(renewal.failed, 1);
  t.equal(renewal.expiresAtS, oldExpiry, 'the expiry is that of the certificate in use that expires first');
  t.equal(lines.filter((line) => line.includes('cannot use the new certificate')).length, 1);
  look(20);
  t.ok(workers[1]!.ordered > 2, 'the worker that failed is ordered again');
  t.equal(workers[0]!.ordered, 1, 'the worker that serves it is not');
  t.equal(renewal.failed, 1, 'the failure is counted once');
  workers[1]!.refuses = false;
  look(6);
  t.equal(renewal.succeeded, 1);
  t.equal(lines.filter((line) => line.startsWith('certificate renewed')).length, 1);
  look(20);
  t.equal(renewal.succeeded, 1);
  t.end();
});

t.test('unusable files are counted once and never reach the workers', (t) => {
  const { files, workers, renewal, look, replaceFiles } = renewalOf(t);
  writeFileSync(files.cert, 'garbage');
  look(10);
  t.same([renewal.failed, renewal.succeeded], [1, 0]);
  t.equal(workers[0]!.ordered, 0);
  replaceFiles();
  look(3);
  t.same([renewal.failed, renewal.succeeded], [1, 1]);
  t.end();
});

t.test('a renewal waits for a worker that is still starting', (t) => {
  const { replaceFiles, workers, renewal, look } = renewalOf(t);
  workers[1]!.certificate = undefined;
  replaceFiles();
  look(10);
  t.equal(workers[1]!.ordered, 0, 'it reads the files when it starts');
  t.equal(renewal.succeeded, 0);
  workers[1]!.certificate = workers[0]!.certificate;
  look(1);
  t.equal(renewal.succeeded, 1);
  t.end();
});
