import t, { type Test } from 'tap';
import type { Connection } from '../../../server/worker/connections.js';
import {
  FanOut,
  MAX_HELD_BYTES,
  MAX_WAITING_MESSAGES,
  SLICE_MEMBERS,
} from '../../../server/worker/fan-out.js';

/** Most messages that a slice gets at once. */
const BATCH = 32;
const SLICES = 3;

/** Topics with their members counted, and every publication kept. */
class FakeTopics {
  readonly members = new Map<string, number>();
  /** What was published on each topic, in order, and how much in all. */
  readonly texts = new Map<string, string[]>();
  published = 0;
  /** Bytes published on each topic, as slow readers hear of them. */
  readonly heard = new Map<string, number>();

  publish(topic: string | Uint8Array, message: Uint8Array): boolean {
    this.textsOf(nameOf(topic)).push(Buffer.from(message.subarray(0, 8)).toString());
    this.published++;
    return this.numSubscribers(topic) > 0;
  }

  numSubscribers(topic: string | Uint8Array): number {
    return this.members.get(nameOf(topic)) ?? 0;
  }

  textsOf(topic: string): string[] {
    const texts = this.texts.get(topic) ?? [];
    this.texts.set(topic, texts);
    return texts;
  }
}

const nameOf = (topic: string | Uint8Array): string => Buffer.from(topic as Uint8Array).toString();

/** The last slice of a big channel: with it, a batch is done. */
const lastSliceOf = (channel: string): string => `$${SLICES - 1}/${channel}`;

/** A fan-out with channels of so many members each. */
function fanOutOf(members: number, channels: readonly string[] = ['big']) {
  const topics = new FakeTopics();
  const slowReaders = {
    published(topic: string | Uint8Array, bytes: number) {
      topics.heard.set(nameOf(topic), (topics.heard.get(nameOf(topic)) ?? 0) + bytes);
    },
  };
  const counters = { messagesDelivered: 0, delivery: { now: () => 0, served() {}, batchServed() {} } };
  const fanOut = new FanOut(topics, slowReaders, counters);
  const connection = {
    subscribe(topic: string) {
      const count = topics.numSubscribers(topic);
      topics.members.set(topic, count + 1);
      fanOut.subscriptionChanged(new Uint8Array(Buffer.from(topic)).buffer, count + 1, count);
      return true;
    },
  } as unknown as Connection;
  for (const channel of channels) for (let i = 0; i < members; i++) fanOut.join(connection, channel);
  return { fanOut, topics, counters };
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));
const big = Buffer.from('big');

/** Waits until every slice of a channel has had so many messages, and checks them. */
async function everySliceGot(
  t: Test,
  topics: FakeTopics,
  channel: string,
  texts: readonly string[],
): Promise<void> {
  while (topics.textsOf(lastSliceOf(channel)).length < texts.length) await nextTurn();
  for (const topic of topics.members.keys()) {
    if (topic.endsWith(channel)) t.same(topics.textsOf(topic), texts, `all on ${topic}, in order`);
  }
}

t.test('what may wait is served a slice per turn of the loop', async (t) => {
  const { fanOut, topics, counters } = fanOutOf(SLICES * SLICE_MEMBERS);
  fanOut.publish(big, Buffer.from('hello'), false);
  t.equal(topics.published, 0);
  for (let slices = 1; slices <= SLICES; slices++) {
    await nextTurn();
    t.equal(topics.published, slices);
  }
  t.equal(counters.messagesDelivered, SLICES * SLICE_MEMBERS);
  t.same([...topics.heard.values()], [5, 5, 5], 'slow readers hear of each slice');
});

t.test('a message beyond the limit is made room for, and no more', async (t) => {
  const { fanOut, topics } = fanOutOf(SLICES * SLICE_MEMBERS);
  t.equal(topics.members.size, SLICES);
  const texts = Array.from({ length: MAX_WAITING_MESSAGES + 1 }, (_, i) => String(i));
  for (const text of texts.slice(0, -1)) fanOut.publish(big, Buffer.from(text), false);
  t.equal(topics.published, 0, 'so far all wait for a turn of the loop');
  fanOut.publish(big, Buffer.from(texts.at(-1)!), false);
  t.equal(topics.published, BATCH, 'one batch to one slice');
  await everySliceGot(t, topics, 'big', texts);
});

t.test('a flood of messages within one turn of the loop never waits beyond the limit', async (t) => {
  const { fanOut, topics } = fanOutOf(SLICES * SLICE_MEMBERS);
  const texts = Array.from({ length: 5 * MAX_WAITING_MESSAGES }, (_, i) => String(i));
  let [mostWaiting, mostServed, served] = [0, 0, 0];
  for (const [i, text] of texts.entries()) {
    fanOut.publish(big, Buffer.from(text), false);
    mostServed = Math.max(mostServed, topics.published - served);
    served = topics.published;
    mostWaiting = Math.max(mostWaiting, i + 1 - served / SLICES);
  }
  t.ok(mostWaiting <= MAX_WAITING_MESSAGES + 1, `${mostWaiting} wait at most`);
  t.equal(mostServed, BATCH, 'each message is paid for with one batch to one slice');
  await everySliceGot(t, topics, 'big', texts);
});

for (const [what, payloadBytes, most] of [
  ['large messages', MAX_HELD_BYTES / 8, 7],
  ['empty messages', 0, MAX_HELD_BYTES / 128],
] as const) {
  t.test(`${what} of many channels are bounded together`, async (t) => {
    const channels = Array.from({ length: 100 }, (_, i) => `big${i}`);
    const { fanOut, topics } = fanOutOf(SLICES * SLICE_MEMBERS, channels);
    const done = () => channels.reduce((sum, name) => sum + topics.textsOf(lastSliceOf(name)).length, 0);
    const payload = Buffer.alloc(payloadBytes, '.');
    const rounds = payloadBytes === 0 ? 700 : 2;
    for (let i = 0; i < rounds; i++) {
      for (const channel of channels) fanOut.publish(Buffer.from(channel), payload, false);
    }
    const waiting = rounds * channels.length - done();
    t.ok(waiting <= most, `${waiting} wait`);
    t.ok(waiting > most / 8, 'and are not served too early');
    const text = payload.subarray(0, 8).toString();
    for (const channel of ['big0', 'big99'])
      await everySliceGot(t, topics, channel, Array(rounds).fill(text));
  });
}

t.test('a message larger than all that may wait is served at once', async (t) => {
  const { fanOut, topics } = fanOutOf(SLICES * SLICE_MEMBERS);
  fanOut.publish(big, Buffer.from('first'), false);
  fanOut.publish(big, Buffer.alloc(MAX_HELD_BYTES, 'x'), false);
  t.equal(topics.published, 2 * SLICES);
  await everySliceGot(t, topics, 'big', ['first', 'xxxxxxxx']);
});
