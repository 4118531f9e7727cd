import t from 'tap';
import { Delivery } from '../../../server/worker/delivery.js';
import type { FanOut } from '../../../server/worker/fan-out.js';

function deliveryOf({ maxMessageBytes = 100, hasMembers = true } = {}) {
  const published: string[] = [];
  const counters = { messagesReceived: 0, messagesUnrouted: 0, droppedTooBig: 0, droppedReserved: 0 };
  const fanOut = {
    publish(channel: Buffer, payload: Buffer, isBinary: boolean): boolean {
      published.push(`${channel}: ${payload.toString('latin1')}${isBinary ? ' (binary)' : ''}`);
      return hasMembers;
    },
  } as unknown as FanOut;
  const { deliver } = new Delivery(fanOut, counters, maxMessageBytes);
  return {
    counters,
    published,
    deliver: (channel: string, payload: string | Buffer) =>
      deliver(Buffer.from(channel), Buffer.from(payload)),
  };
}

t.test('text where it is UTF-8, else binary', async (t) => {
  const { deliver, published, counters } = deliveryOf();
  deliver('news', 'hello');
  deliver('news', Buffer.of(0xff));
  deliver('news', '');
  t.same(published, ['news: hello', 'news: \xff (binary)', 'news: ']);
  t.match(counters, { messagesReceived: 3, messagesUnrouted: 0 });
});

t.test('too big, and to nobody', async (t) => {
  const { deliver, published, counters } = deliveryOf({ hasMembers: false });
  deliver('news', 'x'.repeat(101));
  deliver('news', 'x'.repeat(100));
  t.equal(published.length, 1);
  t.match(counters, { messagesReceived: 2, messagesUnrouted: 1, droppedTooBig: 1 });
});

t.test('reserved names are no channels', async (t) => {
  const { deliver, published, counters } = deliveryOf();
  const reserved = [
    '$SYS',
    '$',
    '__keyspace@0__:k',
    '__keyevent@0__:set',
    '__redis__:invalidate',
    '__sentinel__:hello',
  ];
  for (const channel of reserved) deliver(channel, 'x');
  t.same(published, []);
  t.equal(counters.droppedReserved, reserved.length);
  t.equal(counters.messagesReceived, 0);
  deliver('$10m/probe/of-another-server', 'x');
  t.equal(counters.droppedReserved, reserved.length, "the servers' own are no mistake of a publisher");
  for (const channel of ['_', '__keyspace', '__KEYSPACE@0__', 'x$', '__sentinel__', ''])
    deliver(channel, 'x');
  t.equal(published.length, 6, 'names that only look like one');
});
