import t from 'tap';
import type { Connection } from '../../../server/worker/connections.js';
import {
  FanOut,
  MAX_WAITING_BYTES,
  MAX_WAITING_MESSAGES,
  SLICE_MEMBERS,
} from '../../../server/worker/fan-out.js';

/** Topics with their members counted, and every publication kept. */
class FakeTopics {
  readonly members = new Map<string, number>();
  readonly published: { topic: string; text: string }[] = [];

  publish(topic: string | Uint8Array, message: Uint8Array): boolean {
    this.published.push({ topic: nameOf(topic), text: Buffer.from(message.subarray(0, 8)).toString() });
    return this.numSubscribers(topic) > 0;
  }

  numSubscribers(topic: string | Uint8Array): number {
    return this.members.get(nameOf(topic)) ?? 0;
  }
}

const nameOf = (topic: string | Uint8Array): string => Buffer.from(topic as Uint8Array).toString();

function fanOutOf(members: number): { fanOut: FanOut; topics: FakeTopics } {
  const topics = new FakeTopics();
  const fanOut = new FanOut(topics, {
    messagesDelivered: 0,
    delivery: { now: () => 0, served() {}, batchServed() {} },
  });
  const connection = {
    subscribe(topic: string) {
      const count = topics.numSubscribers(topic);
      topics.members.set(topic, count + 1);
      fanOut.subscriptionChanged(new Uint8Array(Buffer.from(topic)).buffer, count + 1, count);
      return true;
    },
  } as unknown as Connection;
  for (let i = 0; i < members; i++) fanOut.join(connection, 'big');
  return { fanOut, topics };
}

const big = Buffer.from('big');

for (const [what, count, payloadBytes] of [
  ['messages', MAX_WAITING_MESSAGES + 1, 8],
  ['bytes', 9, MAX_WAITING_BYTES / 8],
] as const) {
  t.test(`too many ${what} at once are served within the call, to every slice and in order`, (t) => {
    const { fanOut, topics } = fanOutOf(3 * SLICE_MEMBERS);
    t.equal(topics.members.size, 3, 'three slices');
    const texts = Array.from({ length: count }, (_, i) => String(i).padEnd(8));
    for (const [i, text] of texts.entries()) {
      if (i === count - 1) t.equal(topics.published.length, 0, 'so far all wait for a turn of the loop');
      fanOut.publish(big, Buffer.from(text.padEnd(payloadBytes)), false);
    }
    for (const topic of topics.members.keys()) {
      const got = topics.published.filter((publication) => publication.topic === topic);
      t.same(
        got.map(({ text }) => text),
        texts,
        topic,
      );
    }
    t.end();
  });
}

t.test('what may wait is served a slice per turn of the loop', async (t) => {
  const { fanOut, topics } = fanOutOf(3 * SLICE_MEMBERS);
  fanOut.publish(big, Buffer.from('hello'), false);
  t.equal(topics.published.length, 0);
  for (let slices = 1; slices <= 3; slices++) {
    await new Promise((resolve) => setImmediate(resolve));
    t.equal(topics.published.length, slices);
  }
});
