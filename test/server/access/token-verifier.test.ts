import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportJWK, SignJWT, UnsecuredJWT } from 'jose';
import t from 'tap';
import { readTokenKey } from '../../../server/access/token-key.js';
import { opens, TokenVerifier } from '../../../server/access/token-verifier.js';
import { refusals } from '../../../server/codes.js';

const SECRET = 'a secret of more than 32 bytes, for tests';
const nowS = Math.floor(Date.now() / 1000);
const folder = t.testdir({ secret: `${SECRET}\n`, short: 'short' });

const write = (name: string, content: string): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

const fromSecret = (path: string) => readTokenKey({ jwtSecretFile: path, jwtPublicKey: undefined });
const fromPublic = (path: string) => readTokenKey({ jwtSecretFile: undefined, jwtPublicKey: path });
const pem = (key: KeyObject): string => String(key.export({ type: 'spki', format: 'pem' }));

const sign = (
  claims: Record<string, unknown>,
  key: KeyObject | Uint8Array = Buffer.from(SECRET),
  alg = 'HS256',
  kid?: string,
): Promise<string> =>
  new SignJWT(claims).setProtectedHeader({ alg, ...(kid === undefined ? {} : { kid }) }).sign(key);

t.test('what a secret lets in', async (t) => {
  const verifier = new TokenVerifier(fromSecret(join(folder, 'secret'))!);
  const verify = async (claims: Record<string, unknown>, channel = 'news') =>
    verifier.verify(await sign(claims), channel);
  const channels = ['news', 'user.7.*'];

  t.same(await verify({ channels, exp: nowS + 60 }), { expiresAtS: nowS + 60 });
  t.same(await verify({ channels }), { expiresAtS: Number.POSITIVE_INFINITY }, 'without exp, for ever');
  t.same(await verify({ channels }, 'user.7.inbox'), { expiresAtS: Number.POSITIVE_INFINITY });
  t.equal(await verify({ channels }, 'user.8.inbox'), refusals.channelNotGranted);
  t.equal(await verify({}), refusals.channelNotGranted, 'no channels, no channel');
  t.equal(await verify({ channels, exp: nowS - 1 }), refusals.expiredToken);
  t.equal(await verify({ channels, nbf: nowS + 60 }), refusals.badToken);
  t.equal(await verify({ channels, exp: 'soon' }), refusals.badToken);

  const other = await sign({ channels }, Buffer.from('another secret of more than 32 bytes'));
  t.equal(await verifier.verify(other, 'news'), refusals.badToken);
  t.equal(
    await verifier.verify(new UnsecuredJWT({ channels }).encode(), 'news'),
    refusals.badToken,
    'alg none',
  );
  const { privateKey } = generateKeyPairSync('ed25519');
  t.equal(await verifier.verify(await sign({ channels }, privateKey, 'EdDSA'), 'news'), refusals.badToken);
  for (const garbage of ['', '.', '..', 'a.b.c', 'x'.repeat(5000), '\u0000']) {
    t.equal(await verifier.verify(garbage, 'news'), refusals.badToken);
  }
});

t.test('what public keys let in', async (t) => {
  const pairs = {
    RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
    ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    EdDSA: generateKeyPairSync('ed25519'),
  };
  const keys: object[] = [];
  for (const [alg, { publicKey, privateKey }] of Object.entries(pairs)) {
    const verifier = new TokenVerifier(fromPublic(write(`${alg}.pem`, pem(publicKey)))!);
    const token = await sign({ channels: ['news'] }, privateKey, alg);
    t.match(await verifier.verify(token, 'news'), { expiresAtS: Number.POSITIVE_INFINITY }, alg);
    const forged = await sign({ channels: ['news'] }, Buffer.from(pem(publicKey)));
    t.equal(await verifier.verify(forged, 'news'), refusals.badToken, `${alg}: its public key is no secret`);
    keys.push({ ...(await exportJWK(publicKey)), kid: alg, alg });
  }
  const verifier = new TokenVerifier(fromPublic(write('set.json', JSON.stringify({ keys })))!);
  for (const [alg, { privateKey }] of Object.entries(pairs)) {
    const token = await sign({ channels: ['news'] }, privateKey, alg, alg);
    t.match(
      await verifier.verify(token, 'news'),
      { expiresAtS: Number.POSITIVE_INFINITY },
      `${alg} of a set`,
    );
    const unknown = await sign({ channels: ['news'] }, privateKey, alg, 'another');
    t.equal(await verifier.verify(unknown, 'news'), refusals.badToken);
  }
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

t.test('a burst is worked off in order, and says when it is too long', async (t) => {
  const verifier = new TokenVerifier(fromSecret(join(folder, 'secret'))!);
  const token = await sign({ channels: ['news'] });
  const verdicts: Promise<unknown>[] = [];
  while (!verifier.isFull) verdicts.push(verifier.verify(token, 'news'));
  t.equal(verdicts.length, 8 + 512);
  t.ok((await Promise.all(verdicts)).every((verdict) => verdict !== refusals.badToken));
  t.notOk(verifier.isFull);
  t.match(
    await verifier.verify(token, 'news'),
    { expiresAtS: Number.POSITIVE_INFINITY },
    'and then as before',
  );
});

t.test('channels that a claim opens', (t) => {
  t.ok(opens(['*'], 'any'));
  t.ok(opens(['a*'], 'a'));
  t.notOk(opens(['a*'], 'b'));
  t.notOk(opens(['a'], 'ab'));
  t.notOk(opens([7, null], '7'));
  t.notOk(opens('news', 'news'));
  t.notOk(opens(undefined, 'news'));
  t.end();
});
