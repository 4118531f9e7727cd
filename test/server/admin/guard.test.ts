import type { IncomingMessage } from 'node:http';
import t from 'tap';
import { AdminGuard, type Protection } from '../../../server/admin/guard.js';

const open: Protection = { needsToken: false, isOpen: true };
const shown: Protection = { needsToken: false, isOpen: false };
const guarded: Protection = { needsToken: true, isOpen: false };

const statusOf = (guard: AdminGuard, protection: Protection, headers: Record<string, string>) =>
  guard.check({ headers } as unknown as IncomingMessage, protection)?.status;

t.test('with a token, it is asked for where something changes', (t) => {
  const guard = new AdminGuard('secret');
  const status = (authorization?: string, protection = guarded) =>
    statusOf(guard, protection, {
      host: 'push.example.com',
      ...(authorization === undefined ? {} : { authorization }),
    });
  t.equal(status('Bearer secret'), undefined);
  t.equal(status('bearer  secret '), undefined, 'the scheme has no case (RFC 9110 section 11.1)');
  for (const wrong of [
    undefined,
    '',
    'secret',
    'Bearer',
    'Bearer ',
    'Bearer secre',
    'Bearer secret2',
    'Bearer a secret',
    'Basic secret',
  ])
    t.equal(status(wrong), 401, `${wrong}`);
  t.equal(status(undefined, shown), undefined);
  t.equal(status(undefined, open), undefined);
  t.end();
});

t.test('a page of another origin is turned away, with the right token too', (t) => {
  const guard = new AdminGuard('secret');
  const status = (origin: string, protection: Protection) =>
    statusOf(guard, protection, { host: 'localhost:9110', origin, authorization: 'Bearer secret' });
  for (const origin of ['http://evil.example', 'http://localhost:9111', 'http://localhost', 'null', '']) {
    t.equal(status(origin, guarded), 403, origin);
    t.equal(status(origin, shown), 403, origin);
    t.equal(status(origin, open), undefined, origin);
  }
  t.equal(status('http://localhost:9110', guarded), undefined);
  t.end();
});

const shownTo = (headers: Record<string, string>) => statusOf(new AdminGuard('token'), shown, headers);

t.test('a page of this listener may use it, however its own port is written', (t) => {
  const own: [origin: string, host: string][] = [
    ['http://localhost:9110', 'localhost:9110'],
    ['https://push.example.com', 'push.example.com'],
    ['https://push.example.com', 'push.example.com:443'],
    ['http://push.example.com', 'push.example.com:80'],
    ['https://push.example.com', 'Push.Example.COM:443'],
    ['http://[::1]:9110', '[::1]:9110'],
    ['http://[::1]', '[::1]:80'],
  ];
  for (const [origin, host] of own) t.equal(shownTo({ origin, host }), undefined, `${origin} and ${host}`);
  t.equal(shownTo({ host: 'localhost:9110' }), undefined, 'no browser');
  t.end();
});

t.test('a page of another origin may not', (t) => {
  const foreign: [origin: string, host: string][] = [
    ['http://evil.test', 'localhost:9110'],
    ['https://push.example.com', 'push.example.com:80'],
    ['http://push.example.com', 'push.example.com:443'],
    ['https://push.example.com:8443', 'push.example.com:443'],
    ['https://example.com', 'push.example.com'],
    ['https://example.com', 'push@example.com'],
    ['https://example.com', 'example.com/'],
    ['https://example.com', 'example.com:x'],
    ['https://example.com', ''],
    ['null', 'null'],
    ['file://', ''],
    ['app://name', 'name'],
    ['http://', 'localhost'],
  ];
  for (const [origin, host] of foreign) t.equal(shownTo({ origin, host }), 403, `${origin} and ${host}`);
  t.end();
});

t.test('without a token, names with a dot are turned away', (t) => {
  const guard = new AdminGuard(undefined);
  const status = (host: string, protection = guarded) => statusOf(guard, protection, { host });
  for (const host of ['evil.example', 'evil.example:9110', '127.0.0.1.evil.example', '1.2.3', 'a.']) {
    t.equal(status(host), 403, host);
    t.equal(status(host, shown), 403, host);
    t.equal(status(host, open), undefined, host);
  }
  for (const host of ['localhost', 'localhost:9110', '127.0.0.1:9110', '[::1]:9110', 'push', ''])
    t.equal(status(host), undefined, host);
  t.equal(statusOf(guard, guarded, {}), undefined, 'HTTP/1.0 has no Host');
  t.end();
});
