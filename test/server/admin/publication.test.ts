import t from 'tap';
import {
  MAX_CHANNELS,
  maxJsonBytes,
  type Publication,
  parsePublication,
  publishToAll,
} from '../../../server/admin/publication.js';
import { BrokerUnavailableError, type Publisher } from '../../../server/broker/broker.js';

const parse = (value: unknown) =>
  parsePublication(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)));
const names = (count: number) => Array.from({ length: count }, (_, i) => `c${i}`);

t.test('channels and a message', (t) => {
  t.same(parse({ channels: ['a', 'b/c'], message: 'héllo' }), {
    channels: ['a', 'b/c'],
    message: Buffer.from('héllo'),
  });
  t.same(parse({ channels: ['a'], message: '' }), { channels: ['a'], message: Buffer.alloc(0) });
  t.same(parse('{"message":"\\u0000","more":[{"x":1}],"channels":["\\u0061"]}'), {
    channels: ['a'],
    message: Buffer.alloc(1),
  });
  t.end();
});

t.test('what is wrong is told in one line', (t) => {
  const wrong: [unknown, RegExp][] = [
    ['', /no JSON/],
    ['{', /no JSON/],
    ['{"channels":["a"],"message":"x"} more', /no JSON/],
    ['null', /"channels" must be a list/],
    ['[]', /"channels" must be a list/],
    ['"channels"', /"channels" must be a list/],
    [{ message: 'x' }, /"channels" must be a list/],
    [{ channels: {}, message: 'x' }, /"channels" must be a list/],
    [{ channels: [], message: 'x' }, /"channels" must be a list/],
    [{ channels: ['a'] }, /"message" must be a string/],
    [{ channels: ['a'], message: 1 }, /"message" must be a string/],
    [{ channels: ['a', 1], message: 'x' }, /channels\[1\] is no string/],
    [{ channels: ['a', ''], message: 'x' }, /channels\[1\]: the channel is empty/],
    [{ channels: ['$a'], message: 'x' }, /channels\[0\]: .*reserved/],
    ['{"channels":["a"],"message":"\\ud800"}', /surrogate/],
    ['{"channels":["\\ud800"],"message":""}', /channels\[0\]: /],
  ];
  for (const [value, error] of wrong) {
    const parsed = parse(value);
    t.match(parsed, error, JSON.stringify(value));
    t.notMatch(parsed, /\n/);
  }
  t.end();
});

t.test('the number of channels has a limit', (t) => {
  t.type(parse({ channels: names(MAX_CHANNELS), message: 'x' }), 'object');
  t.match(
    parse({ channels: names(MAX_CHANNELS + 1), message: 'x' }),
    /names 1001 channels; 1000 are allowed/,
  );
  t.match(parse({ channels: names(100_000), message: 'x' }), /1000/);
  t.end();
});

t.test('a body that is dear to parse is refused before', (t) => {
  const bytes = 7_000_000;
  const bodies = {
    lists: '['.repeat(bytes),
    'closed lists': `[${'[],'.repeat(bytes / 3)}[]]`,
    objects: '{"a":'.repeat(bytes / 5),
    numbers: `[${'1,'.repeat(bytes / 2)}1]`,
    keys: `{${names(bytes / 10)
      .map((name) => `"${name}":1`)
      .join()}}`,
    'beside a good one': `{"channels":["a"],"message":"x","more":${'['.repeat(5000)}${']'.repeat(5000)}}`,
  };
  for (const [name, body] of Object.entries(bodies)) t.match(parse(body), /more than 4000 values/, name);
  const startMs = performance.now();
  parse(JSON.stringify({ channels: ['a'], message: 'x'.repeat(bytes) }));
  const fairMs = performance.now() - startMs;
  const refusalMs = Object.values(bodies).map((body) => {
    const buffer = Buffer.from(body);
    const startMs = performance.now();
    parsePublication(buffer);
    return performance.now() - startMs;
  });
  t.ok(
    Math.max(...refusalMs) < 5 * fairMs,
    `refused within ${Math.max(...refusalMs)} ms; a good body of that size takes ${fairMs} ms`,
  );
  t.end();
});

t.test('a message of brackets, commas and quotes is a message', (t) => {
  for (const message of [
    '[{,'.repeat(10_000),
    '"'.repeat(10_000),
    '\\"[,'.repeat(10_000),
    '\\'.repeat(9999),
  ]) {
    const parsed = parse({ channels: ['a'], message }) as Publication;
    t.equal(parsed.message?.toString(), message);
  }
  t.end();
});

t.test('the largest message fits into a body, however it is escaped', (t) => {
  const maxMessage = 10_000;
  const message = '\u0000'.repeat(maxMessage);
  const channels = Array.from({ length: MAX_CHANNELS }, (_, i) => `${i}`.padEnd(255, '.'));
  const body = JSON.stringify({ channels, message });
  t.ok(body.length <= maxJsonBytes(maxMessage));
  t.equal((parse(body) as Publication).message.byteLength, maxMessage);
  t.end();
});

/** A publisher that answers when it is told to; some channels are refused. */
function publisherOf(refuses: (channel: string) => boolean = () => false) {
  const asked: string[] = [];
  const answers: (() => void)[] = [];
  const publish = (channel: string) =>
    new Promise<void>((resolve, reject) => {
      asked.push(channel);
      answers.push(() =>
        refuses(channel) ? reject(new BrokerUnavailableError(`no right on ${channel}`)) : resolve(),
      );
    });
  const publisher = { publish } as unknown as Publisher;
  const answerAll = async () => {
    while (answers.length > 0) {
      for (const answer of answers.splice(0)) answer();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { publisher, asked, answerAll };
}

t.test('each channel is published on once, a few at a time', async (t) => {
  const { publisher, asked, answerAll } = publisherOf();
  const channels = names(MAX_CHANNELS);
  const outcome = publishToAll(publisher, { channels, message: Buffer.from('x') });
  t.ok(asked.length < 100, `${asked.length} at a time`);
  await answerAll();
  t.same(await outcome, { published: channels, failed: [], reason: undefined });
  t.same(asked, channels, 'in order');
});

t.test('large messages go one at a time', async (t) => {
  const { publisher, asked, answerAll } = publisherOf();
  const outcome = publishToAll(publisher, { channels: names(3), message: Buffer.alloc(8 * 1024 * 1024) });
  t.equal(asked.length, 1);
  await answerAll();
  t.same((await outcome).published, names(3));
});

t.test('a channel that fails keeps no other one from its message', async (t) => {
  const { publisher, answerAll } = publisherOf((channel) => ['c1', 'c3'].includes(channel));
  const outcome = publishToAll(publisher, { channels: names(5), message: Buffer.from('x') });
  await answerAll();
  t.same(await outcome, {
    published: ['c0', 'c2', 'c4'],
    failed: ['c1', 'c3'],
    reason: 'no right on c1',
  });
});

t.test('what is not tried in time has failed', async (t) => {
  let nowMs = 0;
  const publisher = {
    publish: async () => {
      nowMs += 20_000;
    },
  } as unknown as Publisher;
  const publication = { channels: names(4), message: Buffer.alloc(8 * 1024 * 1024) };
  t.same(await publishToAll(publisher, publication, () => nowMs), {
    published: ['c0', 'c1'],
    failed: ['c2', 'c3'],
    reason: 'not tried within 30 s',
  });
});

t.test('an error of another kind is no answer', async (t) => {
  const publisher = { publish: () => Promise.reject(new TypeError('a bug')) } as unknown as Publisher;
  await t.rejects(publishToAll(publisher, { channels: ['a'], message: Buffer.alloc(0) }), {
    message: 'a bug',
  });
});
