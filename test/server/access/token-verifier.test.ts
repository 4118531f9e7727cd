import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportJWK, SignJWT, UnsecuredJWT } from 'jose';
import t from 'tap';
import { readKeyFile, type TokenKeys, tokenKeysIn } from '../../../server/access/token-key.js';
import { type Grant, opens, TokenVerifier } from '../../../server/access/token-verifier.js';
import { refusals } from '../../../server/codes.js';

const SECRET = 'a secret of more than 32 bytes, for tests';
const nowS = Math.floor(Date.now() / 1000);
const folder = t.testdir({ secret: `${SECRET}\n` });

const write = (name: string, content: string): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

const readTokenKeys = (options: Parameters<typeof readKeyFile>[0]) =>
  tokenKeysIn(options, readKeyFile(options)!);
const fromSecret = (path: string) => readTokenKeys({ jwtSecretFile: path, jwtPublicKey: undefined });
const verifierOf = ({ keys }: TokenKeys, leewayS = 0) => new TokenVerifier(keys, leewayS);
const fromPublic = (path: string) => readTokenKeys({ jwtSecretFile: undefined, jwtPublicKey: path });
const pem = (key: KeyObject): string => String(key.export({ type: 'spki', format: 'pem' }));

const sign = (
  claims: Record<string, unknown>,
  key: KeyObject | Uint8Array = Buffer.from(SECRET),
  alg = 'HS256',
  kid?: string,
): Promise<string> =>
  new SignJWT(claims).setProtectedHeader({ alg, ...(kid === undefined ? {} : { kid }) }).sign(key);

t.test('what a secret lets in', async (t) => {
  const verifier = verifierOf(fromSecret(join(folder, 'secret'))!);
  const verify = async (claims: Record<string, unknown>, channel = 'news') =>
    verifier.verify(await sign(claims), channel);
  const channels = ['news', 'user.7.*'];

  const { validForS } = (await verify({ channels, exp: nowS + 3600 })) as Grant;
  t.ok(validForS > 3000 && validForS <= 3600, `${validForS} s from now on`);
  t.same(await verify({ channels }), { validForS: Number.POSITIVE_INFINITY }, 'without exp, for ever');
  t.same(await verify({ channels }, 'user.7.inbox'), { validForS: Number.POSITIVE_INFINITY });
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
    const verifier = verifierOf(fromPublic(write(`${alg}.pem`, pem(publicKey)))!);
    const token = await sign({ channels: ['news'] }, privateKey, alg);
    t.match(await verifier.verify(token, 'news'), { validForS: Number.POSITIVE_INFINITY }, alg);
    const forged = await sign({ channels: ['news'] }, Buffer.from(pem(publicKey)));
    t.equal(await verifier.verify(forged, 'news'), refusals.badToken, `${alg}: its public key is no secret`);
    keys.push({ ...(await exportJWK(publicKey)), kid: alg, alg });
  }
  const verifier = verifierOf(fromPublic(write('set.json', JSON.stringify({ keys })))!);
  for (const [alg, { privateKey }] of Object.entries(pairs)) {
    const token = await sign({ channels: ['news'] }, privateKey, alg, alg);
    t.match(await verifier.verify(token, 'news'), { validForS: Number.POSITIVE_INFINITY }, `${alg} of a set`);
    const unknown = await sign({ channels: ['news'] }, privateKey, alg, 'another');
    t.equal(await verifier.verify(unknown, 'news'), refusals.badToken);
  }
});

t.test('the clocks that make and check tokens may differ', async (t) => {
  const verifier = verifierOf(fromSecret(join(folder, 'secret'))!, 30);
  const verify = async (claims: Record<string, unknown>) =>
    verifier.verify(await sign({ channels: ['news'], ...claims }), 'news');
  const now = Math.floor(Date.now() / 1000);
  t.match(await verify({ nbf: now + 20 }), { validForS: Number.POSITIVE_INFINITY });
  t.equal(await verify({ nbf: now + 3600 }), refusals.badToken);
  const { validForS } = (await verify({ exp: now - 5 })) as Grant;
  t.ok(validForS > 0 && validForS <= 25, `${validForS} s are left of the leeway`);
  t.equal(await verify({ exp: now - 31 }), refusals.expiredToken);
});

t.test('each key of a set is tried that a token may mean', async (t) => {
  const pairs = Array.from({ length: 3 }, () => generateKeyPairSync('ec', { namedCurve: 'P-256' }));
  const jwks = await Promise.all(pairs.map(({ publicKey }) => exportJWK(publicKey)));
  const verify = async (keys: object[], i: number, kid?: string) =>
    verifierOf(fromPublic(write('tried.json', JSON.stringify({ keys })))!).verify(
      await sign({ channels: ['news'] }, pairs[i]!.privateKey, 'ES256', kid),
      'news',
    );
  const bare = [jwks[0]!, jwks[1]!];
  const good = { validForS: Number.POSITIVE_INFINITY };
  for (const i of [0, 1]) {
    t.match(await verify(bare, i), good, `key ${i} of two without a kid`);
    t.match(await verify(bare, i, 'new'), good, `key ${i} of two without a kid, which the token names`);
  }
  t.equal(await verify(bare, 2), refusals.badToken);
  const named = bare.map((jwk, i) => ({ ...jwk, kid: `k${i}` }));
  t.match(await verify(named, 1), good, 'a token that names none of them');
  t.match(await verify(named, 1, 'k1'), good);
  t.equal(await verify(named, 1, 'k0'), refusals.badToken, 'only the key that the token names');
});

t.test('a burst is worked off in order, and says when it is too long', async (t) => {
  const verifier = verifierOf(fromSecret(join(folder, 'secret'))!);
  const token = await sign({ channels: ['news'] });
  const verdicts: Promise<unknown>[] = [];
  while (!verifier.isFull) verdicts.push(verifier.verify(token, 'news'));
  t.equal(verdicts.length, 8 + 512);
  t.ok((await Promise.all(verdicts)).every((verdict) => verdict !== refusals.badToken));
  t.notOk(verifier.isFull);
  t.match(
    await verifier.verify(token, 'news'),
    { validForS: Number.POSITIVE_INFINITY },
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
