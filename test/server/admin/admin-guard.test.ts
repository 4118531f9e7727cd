import type { IncomingMessage } from 'node:http';
import t from 'tap';
import { AdminGuard } from '../../../server/admin/admin-guard.js';

const statusOf = (headers: Record<string, string>): number | undefined =>
  new AdminGuard('token').check({ headers } as unknown as IncomingMessage, {
    needsToken: false,
    isOpen: false,
  })?.status;

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
  for (const [origin, host] of own) t.equal(statusOf({ origin, host }), undefined, `${origin} and ${host}`);
  t.equal(statusOf({ host: 'localhost:9110' }), undefined, 'no browser');
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
  for (const [origin, host] of foreign) t.equal(statusOf({ origin, host }), 403, `${origin} and ${host}`);
  t.end();
});
