import t, { type Test } from 'tap';
import { createLogger } from '../../../server/logger.js';
import { HalfOpenSockets } from '../../../server/worker/half-open-sockets.js';

/** A socket as uWS shows it: its response, and what happens to it. */
class FakeSocket {
  address: readonly number[];
  proxied: readonly number[] = [];
  isClosed = false;
  #sockets: HalfOpenSockets;
  #whenAborted: (() => void) | undefined;

  constructor(sockets: HalfOpenSockets, address: string) {
    this.#sockets = sockets;
    this.address = address.split('.').map(Number);
    sockets.accepted(this.response);
  }

  get response() {
    const response = {
      getRemoteAddress: () => Uint8Array.from(this.address).buffer,
      getProxiedRemoteAddress: () => Uint8Array.from(this.proxied).buffer,
      onAborted: (handler: () => void) => {
        this.#whenAborted = handler;
        return response as never;
      },
      close: () => {
        this.end();
        return response as never;
      },
    };
    return response;
  }

  /** Its request comes, and is answered from then on. */
  ask(): boolean {
    const isGood = this.#sockets.asked(this.response);
    this.#whenAborted = undefined;
    return isGood;
  }

  /** It ends, by whomever. */
  end(): void {
    this.isClosed = true;
    this.address = [];
    this.#sockets.ending(this.response);
    this.#whenAborted?.();
  }
}

interface Options {
  readonly trustProxy?: readonly string[];
  readonly maxConnectionsPerIp?: number;
}

function halfOpen(options: Options = {}) {
  const rejected: string[] = [];
  const log: string[] = [];
  const clock = { ms: 0 };
  const sockets = new HalfOpenSockets(
    { trustProxy: options.trustProxy, maxConnectionsPerIp: options.maxConnectionsPerIp },
    { countRejected: (reason) => rejected.push(reason) },
    createLogger('info', true, (line) => log.push(line)),
    () => clock.ms,
  );
  return { accept: (address = '192.0.2.1') => new FakeSocket(sockets, address), rejected, log, clock };
}

const ends =
  (t: Test, { accept, rejected, clock }: ReturnType<typeof halfOpen>) =>
  (afterMs: number, expected: readonly string[], change: (socket: FakeSocket) => void = () => {}) => {
    const socket = accept('10.0.0.1');
    change(socket);
    clock.ms += afterMs;
    socket.end();
    t.same(rejected.splice(0), expected, `after ${afterMs} ms`);
  };

t.test('an unfinished handshake that is cut is counted; one that is left, or answered, is not', (t) => {
  const { accept, rejected, clock } = halfOpen();
  const [left, cut, asked] = [accept(), accept(), accept()];
  t.ok(asked.ask());
  clock.ms = 7000;
  left.end();
  t.same(rejected, []);
  clock.ms = 8000;
  cut.end();
  asked.end();
  t.same(rejected, ['handshake_timeout']);
  t.end();
});

t.test('an address has its limit, whatever becomes of its sockets', (t) => {
  const { accept, rejected } = halfOpen({ maxConnectionsPerIp: 2 });
  const [first, second, third] = [accept(), accept(), accept()];
  t.same(
    [first, second, third].map(({ isClosed }) => isClosed),
    [false, false, true],
  );
  t.same(rejected, ['address']);
  t.notOk(accept('192.0.2.2').isClosed, 'another address');

  first.end();
  t.notOk(accept().isClosed, 'one has left');
  t.ok(accept().isClosed);
  t.ok(second.ask());
  t.notOk(accept().isClosed, 'one has asked');
  t.ok(accept().isClosed);
  second.end();
  t.ok(accept().isClosed, 'and is counted no more when it ends');
  t.end();
});

t.test('a client that resets its socket in the moment of its request gives its place back', (t) => {
  const { accept } = halfOpen({ maxConnectionsPerIp: 1 });
  const socket = accept();
  socket.address = [];
  t.notOk(socket.ask());
  t.ok(socket.isClosed);
  t.notOk(accept().isClosed);
  t.end();
});

t.test('the sockets of a load balancer are those of many clients', (t) => {
  const { accept, rejected } = halfOpen({ maxConnectionsPerIp: 1, trustProxy: ['10.0.0.0/8'] });
  for (let i = 0; i < 5; i++) t.notOk(accept('10.0.0.1').isClosed);
  accept();
  t.ok(accept().isClosed);
  t.same(rejected, ['address']);
  t.end();
});

t.test('PROXY headers that cannot be read', (t) => {
  const fake = halfOpen({ trustProxy: ['10.0.0.0/8'] });
  const check = ends(t, fake);
  check(1000, ['proxy_unreadable']);
  check(12_000, ['proxy_unreadable']);
  t.equal(fake.log.length, 1, 'is told once');
  t.match(fake.log[0], /"level":"warn".*"balancer":"10\.0\.0\.1"/);

  const isRead = (socket: FakeSocket) => {
    socket.proxied = [203, 0, 113, 1];
  };
  check(5000, [], isRead);
  check(12_000, ['handshake_timeout'], isRead);
  check(0, [], (socket) => socket.ask());
  t.equal(fake.log.length, 1);
  fake.accept().end();
  t.same(fake.rejected, [], 'nobody else is meant');
  t.end();
});

t.test('PROXY version 1 looks like a health check, until a header has been read', (t) => {
  const fake = halfOpen({ trustProxy: ['10.0.0.0/8'] });
  const check = ends(t, fake);
  check(0, ['proxy_unreadable']);
  check(5, ['proxy_unreadable']);
  t.equal(fake.log.length, 1, 'is told once');
  t.match(fake.log[0], /"level":"info"/);
  check(5, [], (socket) => {
    socket.proxied = [203, 0, 113, 1];
    socket.ask();
  });
  check(5, []);
  t.end();
});
