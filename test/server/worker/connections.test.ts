import t from 'tap';
import type { CloseReason } from '../../../server/codes.js';
import {
  type Connection,
  type ConnectionLimits,
  Connections,
  initialStateOf,
} from '../../../server/worker/connections.js';
import { ExpirySlots } from '../../../server/worker/expiry-slots.js';
import { PingWheel } from '../../../server/worker/ping-wheel.js';

const TURN_TICKS = 10;
const NOTHING = new ArrayBuffer(0);
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** Stands for a uWS object: says what was done to it, and throws once it is closed. */
class FakeSocket {
  readonly done: string[] = [];
  waiting = 0;
  /** What uWS says of a send: 1 sent, 0 buffered, 2 dropped. */
  sendStatus = 1;
  isClosed = false;
  onClose: (code: number) => void = () => {};

  getBufferedAmount(): number {
    return this.waiting;
  }

  getTopics(): string[] {
    return ['news'];
  }

  send(message: ArrayBuffer, isBinary: boolean): number {
    return this.#say(`send ${message.byteLength} ${isBinary}`);
  }

  ping(): number {
    return this.#say('ping');
  }

  end(code: number, text: string): void {
    this.#say(`end ${code} ${text}`);
    this.isClosed = true;
    this.onClose(code);
  }

  close(): void {
    this.#say('close');
    this.isClosed = true;
    this.onClose(1006);
  }

  #say(what: string): number {
    if (this.isClosed) throw new Error('closed');
    this.done.push(what);
    return this.sendStatus;
  }
}

type FakeConnection = Connection & FakeSocket;

function connectionsOf(limits: Partial<ConnectionLimits> = {}, expiries?: ExpirySlots<Connection>) {
  const counters = {
    opened: 0,
    pingsSent: 0,
    droppedBackpressure: 0,
    closed: [] as [CloseReason, number][],
    countClosed(reason: CloseReason, ageSeconds: number) {
      this.closed.push([reason, ageSeconds]);
    },
  };
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const clock = { nowMs: 0 };
  const connections = new Connections(
    { pings: new PingWheel<Connection>(TURN_TICKS), expiries },
    counters,
    {
      pingType: 'message',
      writeTimeoutMs: 60_000,
      maxBackpressureBytes: 1000,
      pongTimeoutTicks: 3,
      ...limits,
    },
    logger,
    () => clock.nowMs,
  );
  const needs = { pingsFrames: limits.pingType === 'frame', expires: expiries !== undefined };
  const open = (validForS = 0, address = ''): FakeConnection => {
    const state = initialStateOf({ ...needs, countsAddresses: address !== '' });
    const socket: FakeSocket = Object.assign(new FakeSocket(), state);
    socket.onClose = (code) => connections.closed(socket as FakeConnection, code, NOTHING);
    connections.opened(socket as FakeConnection, { validForS, address });
    return socket as FakeConnection;
  };
  const tickTurn = (first: number) => {
    for (let tick = first; tick < first + TURN_TICKS; tick++) connections.tick(tick);
  };
  return { connections, counters, clock, open, tickTurn };
}

t.test('counts who comes and goes, why, and how old they were', (t) => {
  const { connections, counters, clock, open } = connectionsOf();
  const words = ['', 'Received too big message', 'Received invalid UTF-8', 'whatever'];
  const sockets = [...words, 'client'].map(() => open());
  t.equal(connections.size, 5);
  clock.nowMs = 2500;
  for (const [i, text] of words.entries()) {
    connections.closed(sockets[i]!, 1006, new Uint8Array(Buffer.from(text)).buffer);
  }
  connections.closed(sockets[4]!, 1000, NOTHING);
  t.equal(connections.size, 0);
  t.same(counters.closed, [
    ['lost', 2.5],
    ['too_big', 2.5],
    ['protocol', 2.5],
    ['lost', 2.5],
    ['client', 2.5],
  ]);
  t.equal(counters.opened, 5);
  t.end();
});

for (const [pingType, done] of [
  ['message', ['send 0 false', 'send 0 false']],
  ['frame', ['ping', 'ping']],
  ['off', []],
] as const) {
  t.test(`each connection gets a ping per turn: ${pingType}`, (t) => {
    const { connections, counters, open, tickTurn } = connectionsOf({ pingType, pongTimeoutTicks: 100 });
    const sockets = [open(), open(), open()];
    tickTurn(1);
    tickTurn(1 + TURN_TICKS);
    for (const socket of sockets) t.same(socket.done, done);
    t.equal(counters.pingsSent, 3 * done.length);
    t.notOk(sockets.some((socket) => connections.slowReaders.has(socket)));
    t.end();
  });

  if (pingType === 'off') continue;
  t.test(`a ping that has to wait shows a slow reader: ${pingType}`, (t) => {
    const { connections, open, tickTurn } = connectionsOf({ pingType, pongTimeoutTicks: 100 });
    const [slow, other] = [open(), open()];
    slow.sendStatus = 0;
    slow.waiting = 2;
    tickTurn(1);
    t.ok(connections.slowReaders.has(slow));
    t.notOk(connections.slowReaders.has(other));
    slow.close();
    t.notOk(connections.slowReaders.has(slow));
    t.end();
  });
}

for (const pongTimeoutTicks of [3, TURN_TICKS, 25]) {
  t.test(`a ping frame without a pong closes after ${pongTimeoutTicks} ticks`, (t) => {
    const { connections, counters, open } = connectionsOf({ pingType: 'frame', pongTimeoutTicks });
    const [silent, answering] = [open(), open()];
    let [pingedAt, closedAt] = [0, 0];
    for (let tick = 1; closedAt === 0; tick++) {
      const pings = answering.done.length;
      connections.tick(tick);
      if (answering.done.length > pings) connections.ponged(answering);
      if (silent.done.includes('ping')) pingedAt ||= tick;
      if (silent.isClosed) closedAt = tick;
    }
    t.equal(closedAt - pingedAt, pongTimeoutTicks);
    t.same(counters.closed, [['pong_timeout', 0]]);
    t.notOk(answering.isClosed);
    t.end();
  });
}

t.test('a pong is not missed while the ping waits behind what is read slowly', (t) => {
  const { connections, counters, open, tickTurn } = connectionsOf({ pingType: 'frame' });
  const slow = open();
  slow.sendStatus = 0;
  slow.waiting = 500;
  tickTurn(1);
  tickTurn(1 + TURN_TICKS);
  t.notOk(slow.isClosed);
  [slow.waiting, slow.sendStatus] = [0, 1];
  connections.slowReaders.forget(slow);
  tickTurn(1 + 2 * TURN_TICKS);
  tickTurn(1 + 3 * TURN_TICKS);
  t.same(counters.closed, [['pong_timeout', 0]], 'but it is once that was read');
  t.end();
});

t.test('who is dropped from is closed in a turn of the loop of its own', async (t) => {
  const { connections, counters, open } = connectionsOf();
  const [slow, other, byUws] = [open(), open(), open()];
  connections.dropped(slow);
  connections.dropped(slow);
  connections.dropped(byUws);
  t.same(slow.done, [], 'no method is called while uWS drops');
  byUws.onClose(1006);
  await nextTurn();
  t.same(slow.done, ['close']);
  t.same(byUws.done, []);
  t.same(counters.closed, [
    ['too_slow', 0],
    ['too_slow', 0],
  ]);
  t.equal(counters.droppedBackpressure, 3);
  t.notOk(other.isClosed);
});

for (const [what, waiting, dropped] of [
  ['unread bytes', 1, 0],
  ['more than the limit: what waits is lost, and counted', 1001, 1],
] as const) {
  t.test(`a slow reader is closed: ${what}`, async (t) => {
    const { connections, counters, open } = connectionsOf({ writeTimeoutMs: 100 });
    const slow = open();
    slow.waiting = waiting;
    const closed = new Promise<void>((resolve) => {
      const { onClose } = slow;
      slow.onClose = (code) => {
        onClose(code);
        resolve();
      };
    });
    connections.slowReaders.published('news', 1);
    await closed;
    t.same(counters.closed, [['too_slow', 0]]);
    t.equal(counters.droppedBackpressure, dropped);
  });
}

t.test('frames of clients mean nothing, but for what they show', (t) => {
  const { connections, counters, open } = connectionsOf();
  const [flooder, deaf, other] = [open(), open(), open()];
  for (let i = 0; i < 1000; i++) connections.heard(flooder);
  t.notOk(flooder.isClosed);
  connections.heard(other);
  deaf.waiting = 100;
  connections.heard(deaf);
  t.ok(connections.slowReaders.has(deaf), 'answers to its pings wait');
  t.notOk(connections.slowReaders.has(other));
  deaf.waiting = 0;
  for (let i = 0; i <= 1000; i++) if (!flooder.isClosed) connections.heard(flooder);
  t.same(counters.closed, [['flood', 0]]);
  t.end();
});

t.test('connections are ended one by one, with a code and a hint', (t) => {
  const { connections, counters, open } = connectionsOf();
  const sockets = [open(), open()];
  t.ok(connections.endOne('restarting', 'retry=1-2'));
  t.ok(connections.endOne('stopping', 'retry=1-2'));
  t.notOk(connections.endOne('stopping', 'retry=1-2'));
  t.same(sockets.flatMap(({ done }) => done).sort(), ['end 1001 retry=1-2', 'end 1012 retry=1-2']);
  t.same(counters.closed.map(([reason]) => reason).sort(), ['restarting', 'stopping']);
  t.end();
});

t.test('connections whose tokens have expired are closed, some at a time', (t) => {
  const { connections, counters, clock, open } = connectionsOf({}, new ExpirySlots<Connection>(0));
  const sockets = Array.from({ length: 300 }, () => open(10));
  const lasting = open(1000);
  clock.nowMs += 9000;
  t.notOk(connections.closeExpired());
  clock.nowMs += 2000;
  t.ok(connections.closeExpired(), 'there are more');
  t.notOk(connections.closeExpired());
  t.equal(counters.closed.filter(([reason]) => reason === 'expired').length, 300);
  t.ok(sockets.every(({ done }) => done[0] === 'end 1008 the token has expired'));
  t.notOk(lasting.isClosed);
  t.end();
});
