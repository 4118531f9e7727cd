import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { selfSigned } from '../../bench/certificate.js';
import { certificatesFile, tokenFile } from '../../client/given-file.js';

const words = { help: 'x', defaultText: 'none' };

t.test('certificates: the value is the text of the file', async (t) => {
  const certificate = selfSigned();
  t.teardown(() => certificate.remove());
  const { parse } = certificatesFile(words);
  t.equal(parse(certificate.certFile), readFileSync(certificate.certFile, 'utf8'));
  t.equal(parse(certificate.keyFile), undefined, 'a key is no certificate');
  t.equal(parse(join(t.testdir(), 'missing')), undefined);
});

t.test('a token: the value is what the file holds, without the end of its line', async (t) => {
  const folder = t.testdir({ token: 'a.b.c\r\n', two: 'a\nb', empty: '' });
  const { parse, redact } = tokenFile(words);
  t.equal(parse(join(folder, 'token')), 'a.b.c');
  for (const name of ['two', 'empty', 'missing', '']) t.equal(parse(join(folder, name)), undefined, name);
  t.equal(redact!('eyJh.eyJz.c2ln'), '***', 'a token that stands where its file should is not shown');
  t.equal(redact!('/a/path'), '/a/path');
});
