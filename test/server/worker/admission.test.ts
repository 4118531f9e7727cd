import t from 'tap';
import type { AddressClaims } from '../../../server/access/address-claims.js';
import type { TokenVerifier } from '../../../server/access/token-verifier.js';
import { refusals } from '../../../server/codes.js';
import { Admission, type Admitted } from '../../../server/worker/admission.js';
import type { Handshake } from '../../../server/worker/handshake.js';

const handshakeOf = (given: Partial<Handshake> = {}): Handshake => ({
  channel: 'news',
  key: '',
  offered: '',
  authorization: '',
  origin: '',
  query: '',
  ...given,
});

const sourceOf = (address: string, proxied = '') => {
  const bytes = (text: string) => Uint8Array.from(text === '' ? [] : text.split('.').map(Number)).buffer;
  const asked: string[] = [];
  return {
    asked,
    getRemoteAddress: () => {
      asked.push(address);
      return bytes(address);
    },
    getProxiedRemoteAddress: () => bytes(proxied),
  };
};

interface Given {
  readonly trustProxy?: readonly string[];
  readonly allowedOrigins?: readonly string[];
  readonly maxHandshakesPerSecond?: number;
  readonly verifier?: Partial<TokenVerifier>;
  readonly claims?: Partial<AddressClaims>;
}

const admissionOf = ({ verifier, claims, ...options }: Given = {}) =>
  new Admission(
    {
      trustProxy: options.trustProxy,
      allowedOrigins: options.allowedOrigins,
      maxHandshakesPerSecond: options.maxHandshakesPerSecond,
    },
    verifier as TokenVerifier | undefined,
    claims as AddressClaims | undefined,
  );

const endless = { validForS: Number.POSITIVE_INFINITY, address: '' };

t.test('without options everybody comes in at once, and the kernel is not asked for the address', (t) => {
  const source = sourceOf('192.0.2.1');
  t.same(admissionOf().admit(handshakeOf({ origin: 'https://a.test' }), source), endless);
  t.same(source.asked, []);
  t.end();
});

t.test('checks go from cheap to dear, and the first that fails is told', (t) => {
  const admission = admissionOf({
    allowedOrigins: ['a.test'],
    maxHandshakesPerSecond: 1,
    verifier: { isFull: true },
  });
  const forged = sourceOf('192.0.2.1', '203.0.113.1');
  const foreign = handshakeOf({ origin: 'https://b.test' });
  t.equal(admission.admit(foreign, forged), refusals.foreignOrigin);
  t.equal(admission.admit(handshakeOf(), forged), refusals.untrustedProxy);
  t.equal(admission.admit(handshakeOf(), sourceOf('192.0.2.1')), refusals.verifierBusy, 'its token is taken');
  t.equal(admission.admit(handshakeOf(), sourceOf('192.0.2.1')), refusals.tooManyHandshakes);
  t.end();
});

t.test('a token is looked for before anybody waits', async (t) => {
  const seen: string[] = [];
  const verifier = {
    isFull: false,
    verify: async (token: string, channel: string) => {
      seen.push(`${token} ${channel}`);
      return token === 'good' ? { validForS: 60 } : refusals.badToken;
    },
  };
  const admission = admissionOf({ verifier });
  t.equal(admission.admit(handshakeOf(), sourceOf('192.0.2.1')), refusals.noToken);
  const admit = (token: string) =>
    admission.admit(handshakeOf({ query: `token=${token}` }), sourceOf('192.0.2.1'));
  t.same(await admit('good'), { validForS: 60, address: '' });
  t.equal(await admit('bad'), refusals.badToken);
  t.same(seen, ['good news', 'bad news']);
});

t.test('an address is claimed last, and given back once', async (t) => {
  const [claimed, released]: [string[], string[]] = [[], []];
  const claims = {
    claim: async (address: string) => claimed.push(address) < 2,
    release: (address: string) => void released.push(address),
  };
  const admission = admissionOf({ claims, trustProxy: ['10.0.0.0/8'] });
  const first = (await admission.admit(handshakeOf(), sourceOf('10.0.0.1', '203.0.113.1'))) as Admitted;
  t.same(first, { ...endless, address: '203.0.113.1' });
  t.equal(await admission.admit(handshakeOf(), sourceOf('192.0.2.1')), refusals.tooManyOfAddress);
  t.same(claimed, ['203.0.113.1', '192.0.2.1']);
  t.equal(admission.admit(handshakeOf(), sourceOf('')), refusals.unknownAddress);
  admission.release(first.address);
  admission.release('');
  t.same(released, ['203.0.113.1']);

  const strict = admissionOf({ claims, verifier: { isFull: false, verify: async () => refusals.badToken } });
  const bad = handshakeOf({ authorization: 'Bearer x' });
  t.equal(await strict.admit(bad, sourceOf('192.0.2.1')), refusals.badToken);
  t.equal(claimed.length, 2, 'nobody claims for who may not come in');
});
