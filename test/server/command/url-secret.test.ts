import t from 'tap';
import { withoutSecret, withoutSecretParameters } from '../../../server/command/url-secret.js';

t.test('what is hidden of a URL, be it valid or not', (t) => {
  const cases: [text: string, shown: string][] = [
    ['redis://127.0.0.1:6379/0', 'redis://127.0.0.1:6379/0'],
    ['redis://user:pass@host:6379/0', 'redis://***@host:6379/0'],
    ['redis://:pa/ss@host', 'redis://***@host'],
    ['redis://:p@ss@host', 'redis://***@host'],
    ['redis://:p?a#s%zz@host', 'redis://***@host'],
    ['redis://:pa\nss@host', 'redis://***@host'],
    ['rediss://:pa//ss@host', 'rediss://***@host'],
    [
      'redis+sentinel://u:p@h1:1,h2:2/m?db=1&sentinel_password=s&tls=true',
      'redis+sentinel://***@h1:1,h2:2/m?db=1&sentinel_password=***&tls=true',
    ],
    ['redis+sentinel://h/m?sentinel_password=a@b', 'redis+sentinel://***'],
    ['redis://:a@h1,redis://:b@h2', 'redis://***@h2'],
    ['ws://h/a?token=eyJ.x.y&also=b', 'ws://h/a?token=***&also=b'],
    ['h:1/a?access_token=x#y', 'h:1/a?access_token=***#y'],
    ['{"redis": "redis://:pass@h"}', '{"redis": "redis://***@h"}'],
    ['/run/user@1000/config.json', '/run/user@1000/config.json'],
    ['', ''],
  ];
  for (const [text, shown] of cases) t.equal(withoutSecret(text), shown);
  t.end();
});

t.test('a valid URL keeps an @ of its path', (t) => {
  t.equal(
    withoutSecretParameters('ws://h:1/user@example.com?token=x'),
    'ws://h:1/user@example.com?token=***',
  );
  t.end();
});
