import t from 'tap';
import { isOriginPattern, Origins } from '../../../server/access/origins.js';

t.test('what an origin may be', (t) => {
  const cases: [pattern: string, origin: string, isAllowed: boolean][] = [
    ['https://example.com', 'https://example.com', true],
    ['https://example.com', 'http://example.com', false],
    ['https://example.com', 'https://example.com:8443', false],
    ['https://example.com', 'https://www.example.com', false],
    ['https://example.com', 'https://example.com.evil.test', false],
    ['https://example.com:443', 'https://example.com', true],
    ['https://Example.COM', 'https://example.com', true],
    ['example.com', 'http://example.com', true],
    ['example.com', 'https://example.com', true],
    ['example.com:8080', 'http://example.com:8080', true],
    ['example.com:8080', 'http://example.com', false],
    ['*.example.com', 'https://a.example.com', true],
    ['*.example.com', 'https://a.b.example.com', true],
    ['*.example.com', 'https://example.com', false],
    ['*.example.com', 'https://evilexample.com', false],
    ['*.example.com', 'https://a.example.com.evil.test', false],
    ['https://*.example.com', 'http://a.example.com', false],
    ['localhost', 'http://localhost', true],
    ['[::1]:8080', 'http://[::1]:8080', true],
    ['example.com:443', 'https://example.com', true],
    ['example.com:80', 'http://example.com', true],
    ['example.com:443', 'http://example.com', false],
    ['example.com:0080', 'http://example.com', true],
    ['https://example.com', 'https://example.com:443', true],
    ['https://example.com:80', 'https://example.com', false],
    ['my_host:3000', 'http://my_host:3000', true],
    ['capacitor://localhost', 'capacitor://localhost', true],
    ['capacitor://localhost', 'ionic://localhost', false],
    ['capacitor://localhost', 'http://localhost', false],
    ['ionic://localhost', 'ionic://localhost', true],
    ['tauri://localhost', 'tauri://localhost', true],
    ['app://-', 'app://-', true],
    ['chrome-extension://abcdefghijklmnop', 'chrome-extension://abcdefghijklmnop', true],
    ['safari-web-extension://0A1B-2C', 'safari-web-extension://0A1B-2C', true],
    ['localhost', 'capacitor://localhost', true],
    ['null', 'null', true],
    ['null', 'https://null', false],
    ['https://null', 'null', false],
    ['file://', 'file://', true],
    ['null', 'file://', false],
    ['https://example.com', 'null', false],
    ['https://example.com', 'file://', false],
    ['https://example.com', 'no url', false],
  ];
  for (const [pattern, origin, isAllowed] of cases) {
    t.equal(new Origins([pattern]).allows(origin), isAllowed, `${pattern} and ${origin}`);
  }
  t.end();
});

t.test('one of several patterns is enough, and without an Origin header there is no browser', (t) => {
  const origins = new Origins(['https://a.test', 'https://b.test']);
  t.ok(origins.allows('https://b.test'));
  t.notOk(origins.allows('https://c.test'));
  t.ok(origins.allows(''));
  t.end();
});

t.test('what a pattern may be', (t) => {
  for (const good of [
    'https://example.com',
    'example.com',
    '*.example.com',
    'localhost:3000',
    '[::1]',
    'null',
    'capacitor://localhost',
  ]) {
    t.ok(isOriginPattern(good), good);
  }
  const bad = [
    '',
    '*',
    'https://',
    'https://example.com/',
    'ws://example.com',
    'a.*.com',
    '*example.com',
    'a b',
    'wss://example.com',
    'NULL ',
    'file://folder/page',
    'example.com:0',
    'example.com:65536',
    'data:text/html,x',
    'capacitor://',
  ];
  for (const pattern of bad) t.notOk(isOriginPattern(pattern), pattern);
  t.end();
});
