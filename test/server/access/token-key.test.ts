import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportJWK } from 'jose';
import t from 'tap';
import { readKeyFile, tokenKeysIn } from '../../../server/access/token-key.js';

const SECRET = 'a secret of more than 32 bytes, for tests';
const folder = t.testdir({ short: 'short' });

const write = (name: string, content: string): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

const readTokenKeys = (options: Parameters<typeof readKeyFile>[0]) =>
  tokenKeysIn(options, readKeyFile(options)!);
const fromSecret = (path: string) => readTokenKeys({ jwtSecretFile: path, jwtPublicKey: undefined });
const fromPublic = (path: string) => readTokenKeys({ jwtSecretFile: undefined, jwtPublicKey: path });
const pem = (key: KeyObject): string => String(key.export({ type: 'spki', format: 'pem' }));

t.test('the keys of a file, and what they are for', async (t) => {
  t.equal(readKeyFile({ jwtSecretFile: undefined, jwtPublicKey: undefined }), undefined);
  for (const end of ['', '\n', '\r\n']) {
    const { keys } = fromSecret(write('secret', SECRET + end))!;
    t.same(
      keys.map(({ key, algorithms }) => [String(key.export()), algorithms]),
      [[SECRET, ['HS256']]],
    );
  }
  const ed = generateKeyPairSync('ed25519').publicKey;
  t.match(fromPublic(write('ed.pem', pem(ed))), {
    keys: [{ algorithms: ['EdDSA', 'Ed25519'] }],
    ignored: [],
  });
  const set = JSON.stringify({ keys: [{ ...(await exportJWK(ed)), kid: 'a' }] });
  t.match(fromPublic(write('bom.json', `\ufeff${set}`)), { keys: [{ id: 'a' }], ignored: [] });
});

t.test('a key of a set that cannot be used is left out', async (t) => {
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const good = { ...(await exportJWK(ec.publicKey)), kid: 'good' };
  const odd: [jwk: unknown, why: RegExp][] = [
    [
      await exportJWK(generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey),
      /another curve than P-256/,
    ],
    [await exportJWK(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey), /less than 2048 bits/],
    [await exportJWK(generateKeyPairSync('x25519').publicKey), /of type x25519/],
    [{ kty: 'AKP', alg: 'ML-DSA-44', pub: 'AAAA' }, /no public key of a known kind/],
    [{ ...good, use: 'enc' }, /not meant for signatures/],
    [{ ...good, key_ops: ['wrapKey'] }, /not meant for signatures/],
    [{ ...good, alg: 'ECDH-ES' }, /another algorithm than ES256/],
    [{}, /no public key/],
    [null, /no public key/],
    ['key', /no public key/],
  ];
  for (const [jwk, why] of odd) {
    const keys = fromPublic(write('odd.json', JSON.stringify({ keys: [jwk, good] })))!;
    t.equal(keys.ignored.length, 1);
    t.match(keys.ignored[0], why);
    t.match(keys.ignored[0], /^keys\[0\] /);
    t.match(keys.keys, [{ id: 'good', algorithms: ['ES256'] }]);
    t.equal(keys.keys.length, 1);
    t.throws(() => fromPublic(write('alone.json', JSON.stringify({ keys: [jwk] }))), { message: why });
  }
  t.throws(
    () => fromPublic(write('oct2.json', JSON.stringify({ keys: [good, { kty: 'oct', k: 'c2VjcmV0' }] }))),
    {
      message: /a secret in keys\[1\]/,
    },
  );
});

t.test('keys that cannot be used are named, and not shown', async (t) => {
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const ed = generateKeyPairSync('ed25519');
  const bad: [path: string, said: RegExp][] = [
    [join(folder, 'nowhere'), /--jwt-public-key ".*nowhere" cannot be read: ENOENT/],
    [write('garbage', 'garbage'), /holds no public key in PEM and no JWKS/],
    [write('p384', pem(ec.publicKey)), /another curve than P-256/],
    [write('small', pem(rsa.publicKey)), /less than 2048 bits/],
    [write('private', String(ed.privateKey.export({ type: 'pkcs8', format: 'pem' }))), /a private key/],
    [write('json', '{'), /is no JSON/],
    [write('none', '{"keys":[]}'), /is no JWKS/],
    [write('oct', '{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}'), /a secret in keys\[0\]/],
    [write('odd', '{"keys":[{"kty":"RSA"}]}'), /keys\[0\] is no public key/],
    [write('null', '{"keys":[null]}'), /keys\[0\] is no public key/],
  ];
  for (const [path, said] of bad) t.throws(() => fromPublic(path), { code: 'NAMED_FILE', message: said });
  t.throws(() => fromSecret(join(folder, 'short')), {
    message: /--jwt-secret-file ".*short" holds 5 bytes; HS256 needs 32 or more/,
  });
});
