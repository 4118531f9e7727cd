import t from 'tap';
import { MAX_WAITING_BYTES, Outbox } from '../../../server/broker/outbox.js';

interface Batch {
  readonly channels: readonly Buffer[];
  readonly payloads: readonly Buffer[];
}

/** An outbox whose batches are taken by hand. */
function outboxOf() {
  const batches: Batch[] = [];
  const sent: (() => void)[] = [];
  const outbox = new Outbox((channels, payloads, done) => {
    batches.push({ channels: [...channels], payloads: [...payloads] });
    sent.push(done);
  });
  return { outbox, batches, takeOne: () => sent.shift()?.() };
}

const channel = Buffer.from('news');
const turn = () => new Promise((resolve) => setImmediate(resolve));
const names = ({ channels }: Batch) => channels.map(String);

t.test(
  'messages go out in order, and those of one turn of the loop, or that wait, go together',
  async (t) => {
    const { outbox, batches, takeOne } = outboxOf();
    const push = (name: string) => t.equal(outbox.push(Buffer.from(name), Buffer.from(name)), true);
    push('a');
    push('b');
    t.same(batches, []);
    await turn();
    t.same(batches.map(names), [['a', 'b']]);
    push('c');
    push('d');
    await turn();
    t.equal(batches.length, 1, 'nothing goes before the last batch is taken');
    takeOne();
    t.same(batches.map(names), [
      ['a', 'b'],
      ['c', 'd'],
    ]);
    t.same(batches[1]!.payloads.map(String), ['c', 'd']);
    takeOne();
    push('e');
    await turn();
    t.same(batches.at(-1)!.channels.map(String), ['e']);
  },
);

t.test('a batch is small, but one payload on many channels goes once', async (t) => {
  const { outbox, batches, takeOne } = outboxOf();
  for (let i = 0; i < 1000; i++) outbox.push(channel, Buffer.alloc(1000));
  const payload = Buffer.alloc(1024 * 1024);
  for (let i = 0; i < 1000; i++) outbox.push(channel, payload);
  t.equal(outbox.isFull, false, 'a payload that is kept once is counted once');
  await turn();
  for (let i = 0; i < 100; i++) takeOne();
  const sizes = batches.map(({ payloads }) => new Set(payloads).size);
  t.equal(
    batches.reduce((sum, { channels }) => sum + channels.length, 0),
    2000,
  );
  t.ok(Math.max(...sizes) < 100, `at most ${Math.max(...sizes)} payloads of 1 kB`);
  const shared = batches.filter(({ payloads }) => payloads.includes(payload));
  t.ok(shared.length <= 2, `${shared.length} batches for the shared payload`);
});

t.test('empty messages fill it too', async (t) => {
  const { outbox } = outboxOf();
  let pushed = 0;
  while (!outbox.isFull) {
    outbox.push(channel, Buffer.alloc(0));
    pushed++;
  }
  t.ok(pushed > 100_000 && pushed < 200_000, `full after ${pushed}`);
});

t.test('a listener hears of room once', async (t) => {
  const { outbox, takeOne } = outboxOf();
  outbox.push(channel, Buffer.alloc(64 * 1024));
  outbox.push(channel, Buffer.alloc(MAX_WAITING_BYTES));
  await turn();
  let calls = 0;
  outbox.onceRoom(() => calls++);
  takeOne();
  t.equal(calls, 0, 'the large one has still to go');
  takeOne();
  t.equal(calls, 1);
  outbox.push(channel, Buffer.alloc(10));
  await turn();
  takeOne();
  t.equal(calls, 1);
});

t.test('a worker that is left out gets no message until half of the outbox is empty', async (t) => {
  const { outbox, batches, takeOne } = outboxOf();
  for (let i = 0; i < 3; i++) outbox.push(channel, Buffer.alloc(MAX_WAITING_BYTES / 3));
  await turn();
  const rejoined: number[] = [];
  outbox.leaveOut((dropped) => rejoined.push(dropped));
  t.equal(outbox.isLeftOut, true);
  t.equal(outbox.push(channel, Buffer.alloc(1)), false);
  takeOne();
  t.same([outbox.isFull, outbox.isLeftOut], [false, true], 'a third is free');
  t.equal(outbox.push(channel, Buffer.alloc(1)), false);
  takeOne();
  t.equal(outbox.isLeftOut, false, 'two thirds are free');
  t.same(rejoined, [2]);
  t.equal(outbox.push(channel, Buffer.alloc(2)), true);
  takeOne();
  t.same(
    batches.map(({ payloads }) => payloads.map(({ byteLength }) => byteLength)).at(-1),
    [2],
    'what was dropped does not come later',
  );
});

t.test('a worker that ends frees what waited for it, and whoever waited for room', async (t) => {
  const { outbox, batches, takeOne } = outboxOf();
  for (let i = 0; i < 3; i++) outbox.push(channel, Buffer.alloc(MAX_WAITING_BYTES));
  await turn();
  let calls = 0;
  outbox.onceRoom(() => calls++);
  outbox.close();
  t.same([outbox.isFull, calls], [false, 1]);
  takeOne();
  t.equal(batches.length, 1, 'nothing is sent afterwards');
});
