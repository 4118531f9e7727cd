import t from 'tap';
import { PingWheel } from '../../../server/worker/ping-wheel.js';
import {
  HURRY_BYTES,
  LOOK_MS,
  mostQueuedBytes,
  OVER_LIMIT_MS,
  type Reader,
  SlowReaders,
  UNHURRIED_MS,
} from '../../../server/worker/slow-readers.js';

const LIMIT = 1_000_000;
/** A message of this many bytes makes a frame of 100,000, after which everybody is asked at once. */
const PAYLOAD = 99_990;
const FRAME = 100_000;

/** Stands for a connection; `waiting` is what uWS holds for it. */
class FakeReader implements Reader {
  place = 0;
  waiting = 0;
  asked = 0;
  isTls = false;
  readonly #topics: readonly string[];

  constructor(...topics: string[]) {
    this.#topics = topics;
  }

  getBufferedAmount(): number {
    this.asked++;
    return this.waiting;
  }

  getTopics(): string[] {
    return [...this.#topics];
  }
}

/** A server with a clock that runs only when it is told to. */
class FakeServer {
  readonly wheel = new PingWheel<FakeReader>(7);
  readonly slow: SlowReaders<FakeReader>;
  readonly closed: { reader: FakeReader; atMs: number; isOverLimit: boolean }[] = [];
  nowMs = 0;
  due: { atMs: number; callback: () => void } | undefined;

  constructor(writeTimeoutMs: number) {
    const limits = { writeTimeoutMs, maxBackpressureBytes: LIMIT };
    const clock = {
      now: () => this.nowMs,
      later: (callback: () => void, delayMs: number) => {
        this.due = { atMs: this.nowMs + delayMs, callback };
        return {} as NodeJS.Timeout;
      },
    };
    this.slow = new SlowReaders(
      this.wheel,
      limits,
      (reader, isOverLimit) => {
        this.closed.push({ reader, atMs: this.nowMs, isOverLimit });
        this.wheel.remove(reader);
        this.slow.forget(reader);
      },
      clock,
    );
  }

  connect(...topics: string[]): FakeReader {
    const reader = new FakeReader(...topics);
    this.wheel.add(reader);
    return reader;
  }

  /** Lets time pass, and calls what is due; each callback comes a little late. */
  pass(ms: number, latenessMs = 2): void {
    const endMs = this.nowMs + ms;
    while (this.due !== undefined && this.due.atMs + latenessMs <= endMs) {
      const { atMs, callback } = this.due;
      this.due = undefined;
      this.nowMs = atMs + latenessMs;
      callback();
    }
    this.nowMs = endMs;
  }

  publish(topic: string, ...members: FakeReader[]): void {
    for (const member of members) member.waiting += FRAME;
    this.slow.published(Buffer.from(topic), PAYLOAD);
  }

  /** The same with an empty message. */
  publishLittle(topic: string, ...members: FakeReader[]): void {
    for (const member of members) member.waiting += 2;
    this.slow.published(Buffer.from(topic), 0);
  }
}

t.test('nobody is asked while nothing is published, and each is once after a publication', (t) => {
  const server = new FakeServer(1000);
  const readers = Array.from({ length: 100 }, () => server.connect('news'));
  const asked = () => readers.map((reader) => reader.asked);
  server.pass(10_000);
  t.equal(server.due, undefined, 'no timer');
  t.ok(asked().every((count) => count === 0));
  for (let i = 0; i < 3; i++) server.publish('news');
  server.pass(10_000);
  t.ok(
    asked().every((count) => count === 1),
    'once',
  );
  t.equal(server.due, undefined, 'no timer any more');
  t.end();
});

t.test('after a few bytes they are asked without hurry, and at once after more', (t) => {
  for (const [messages, withinMs] of [
    [1, UNHURRIED_MS + 1000],
    [HURRY_BYTES / 2, 1000],
  ] as const) {
    const server = new FakeServer(30_000);
    const readers = Array.from({ length: 100 }, () => server.connect('news'));
    for (let i = 0; i < messages; i++) server.publishLittle('news');
    server.pass(withinMs);
    t.ok(
      readers.every(({ asked }) => asked === 1),
      `within ${withinMs} ms`,
    );
    server.pass(60_000);
    t.ok(readers.every(({ asked }) => asked === 1));
    t.equal(server.due, undefined);
  }
  t.end();
});

t.test('a trickle makes them be asked now and then, also beside a slow reader', (t) => {
  for (const isBesideSlow of [false, true]) {
    const server = new FakeServer(600_000);
    const readers = Array.from({ length: 100 }, () => server.connect('news'));
    const slow = server.connect('news');
    if (isBesideSlow) {
      slow.waiting = 2;
      server.slow.found(slow);
    }
    for (let ms = 0; ms < 60_000; ms += 100) {
      server.publishLittle('news');
      server.pass(100);
    }
    const rounds = 60_000 / UNHURRIED_MS;
    const asked = readers.map((reader) => reader.asked);
    t.ok(Math.max(...asked) <= rounds, `${Math.max(...asked)} times at most`);
    t.ok(Math.min(...asked) >= 0.75 * rounds, `${Math.min(...asked)} times at least`);
    server.publishLittle('news', readers[50]!);
    server.pass(UNHURRIED_MS + 1000);
    t.ok(server.slow.has(readers[50]!));
  }
  t.end();
});

for (const writeTimeoutMs of [100, 1000, 5000]) {
  t.test(`who reads nothing is closed after ${writeTimeoutMs} ms, within a second`, (t) => {
    // The publication may come at any time between two looks, and the connection in any part of the wheel.
    for (let offsetMs = 0; offsetMs < 3 * LOOK_MS; offsetMs += 30) {
      const server = new FakeServer(writeTimeoutMs);
      const readers = Array.from({ length: 20 }, () => server.connect('news'));
      server.publish('other');
      server.pass(offsetMs);
      const startMs = server.nowMs;
      server.publish('news', ...readers);
      server.pass(writeTimeoutMs + 1000);
      t.equal(server.closed.length, readers.length);
      for (const { atMs, isOverLimit } of server.closed) {
        t.ok(atMs - startMs >= writeTimeoutMs, `${atMs - startMs} ms is not too early`);
        t.notOk(isOverLimit);
      }
      t.equal(server.due, undefined, 'no timer is left');
    }
    t.end();
  });
}

t.test('bytes found by a ping count from the next look on', (t) => {
  const server = new FakeServer(1000);
  const [earlier, later] = [server.connect('news'), server.connect('news')];
  earlier.waiting = later.waiting = 2;
  server.slow.found(earlier);
  server.pass(1.9 * LOOK_MS);
  const foundMs = server.nowMs;
  server.slow.found(later);
  server.slow.found(later);
  server.pass(2000);
  t.same(
    server.closed.map(({ reader }) => reader === later),
    [false, true],
  );
  t.ok(server.closed[1]!.atMs - foundMs >= 1000, `${server.closed[1]!.atMs - foundMs} ms`);
  t.end();
});

t.test('who reads stays, however slowly, and is forgotten once it has read all', (t) => {
  const server = new FakeServer(1000);
  const reader = server.connect('news');
  for (let i = 0; i < 8; i++) server.publish('news', reader);
  for (let i = 0; i < 8; i++) {
    server.pass(900);
    t.ok(server.slow.has(reader));
    reader.waiting -= FRAME;
  }
  server.pass(1000);
  t.notOk(server.slow.has(reader));
  t.equal(server.due, undefined);
  t.same(server.closed, []);
  t.end();
});

for (const writeTimeoutMs of [100, 1000]) {
  t.test(`who reads while more is published than it can read stays: ${writeTimeoutMs} ms`, (t) => {
    const server = new FakeServer(writeTimeoutMs);
    const reader = server.connect('news', 'sport');
    for (let ms = 0; ms < 20_000; ms += 50) {
      server.publish(ms % 100 === 0 ? 'news' : 'sport', reader);
      if (ms % 200 === 0) reader.waiting -= 20;
      server.pass(50);
    }
    t.same(server.closed, []);
    t.end();
  });
}

t.test('who reads nothing is closed, also while more is published to it and to others', (t) => {
  const server = new FakeServer(1000);
  const reader = server.connect('news');
  const other = server.connect('sport');
  server.publish('news', reader);
  server.publish('sport', other);
  for (let ms = 0; ms < 2000; ms += 100) {
    server.pass(100);
    if (server.closed.length === 0 && ms % 400 === 0) server.publish('news', reader);
    server.publish('sport', other);
    other.waiting = FRAME;
  }
  t.equal(server.closed.length, 1);
  t.equal(server.closed[0]!.reader, reader);
  t.ok(server.closed[0]!.atMs <= 2000);
  t.end();
});

t.test('more than the limit may wait for a moment', (t) => {
  const server = new FakeServer(30_000);
  const [deaf, reading] = [server.connect('news'), server.connect('news')];
  deaf.waiting = reading.waiting = 4 * LIMIT;
  server.publish('news', deaf, reading);
  for (let ms = 0; ms < OVER_LIMIT_MS + 1000; ms += 500) {
    server.pass(500);
    reading.waiting -= 10;
  }
  t.equal(server.closed.length, 1);
  t.equal(server.closed[0]!.reader, deaf);
  t.ok(server.closed[0]!.isOverLimit);
  t.ok(server.closed[0]!.atMs >= OVER_LIMIT_MS);
  t.end();
});

t.test('the write timeout holds above the limit too', (t) => {
  const server = new FakeServer(1000);
  const deaf = server.connect('news');
  deaf.waiting = 4 * LIMIT;
  server.publish('news', deaf);
  server.pass(2000);
  t.equal(server.closed.length, 1);
  t.end();
});

t.test('with TLS it is the only time, since progress is not seen', (t) => {
  const server = new FakeServer(30_000);
  const deaf = server.connect('news');
  deaf.isTls = true;
  deaf.waiting = 4 * LIMIT;
  server.publish('news', deaf);
  server.pass(29_000);
  t.equal(server.closed.length, 0);
  server.pass(2000);
  t.ok(server.closed[0]?.isOverLimit);
  t.end();
});

t.test('time in which the loop stands does not count: nobody could be seen to read', (t) => {
  const server = new FakeServer(2000);
  const reader = server.connect('news');
  server.publish('news', reader);
  server.pass(1000);
  server.pass(60_000, 59_000);
  t.same(server.closed, []);
  server.pass(2000);
  t.equal(server.closed.length, 1);
  t.end();
});

t.test('who has read nothing for a second is stalled', (t) => {
  const server = new FakeServer(10_000);
  const [deaf, reading] = [server.connect('news'), server.connect('news')];
  for (let i = 0; i < 9; i++) server.publish('news', deaf, reading);
  server.pass(750);
  t.equal(server.slow.stalled, 0);
  for (let i = 0; i < 6; i++) {
    reading.waiting -= FRAME;
    server.pass(500);
  }
  t.equal(server.slow.stalled, 1);
  server.slow.forget(deaf);
  t.equal(server.slow.stalled, 0);
  t.end();
});

t.test('a burst of the largest messages fits into what may wait for a reader', (t) => {
  const mib = 1024 * 1024;
  t.equal(mostQueuedBytes(mib, mib), 8 * mib);
  t.equal(mostQueuedBytes(mib, 8 * mib), 36 * mib);
  t.equal(mostQueuedBytes(1024 * mib, mib), 2 ** 31 - 1, 'and no more than uWS can count');
  t.end();
});
