// A listener with real sockets in this process: what becomes of the app of an earlier certificate.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import t from 'tap';
import { selfSigned } from '../../../bench/certificate.js';
import { noPorts } from '../../../server/command/option.js';
import { Admission } from '../../../server/worker/admission.js';
import { AppTopics } from '../../../server/worker/app-topics.js';
import { loadBinding } from '../../../server/worker/binding.js';
import { type Connection, Connections, initialStateOf } from '../../../server/worker/connections.js';
import { Counters } from '../../../server/worker/counters.js';
import { FanOut } from '../../../server/worker/fan-out.js';
import { HalfOpenSockets } from '../../../server/worker/half-open-sockets.js';
import { ListenError, Listener } from '../../../server/worker/listener.js';
import { PingWheel } from '../../../server/worker/ping-wheel.js';
import { wheelTimes } from '../../../server/worker/wheel-clock.js';
import { freePorts } from '../../harness/ports.js';
import { handshakeBytes } from '../../harness/sockets.js';

const silent = () => {};
const logger = { debug: silent, info: silent, warn: silent, error: silent };
const certificate = selfSigned();
t.teardown(() => certificate.remove());

function listenerOn(port: number) {
  const counters = new Counters();
  const topics = new AppTopics();
  const times = wheelTimes({ pingInterval: 300, pingType: 'message', pongTimeout: 30 });
  const connections = new Connections(
    { pings: new PingWheel<Connection>(times.turnTicks), expiries: undefined },
    counters,
    { ...times, writeTimeoutMs: 30_000, maxBackpressureBytes: 65_536 },
    logger,
  );
  const fanOut = new FanOut(topics, connections.slowReaders, counters);
  const admission = new Admission(
    { trustProxy: undefined, allowedOrigins: undefined, maxHandshakesPerSecond: undefined },
    undefined,
    undefined,
  );
  const halfOpen = new HalfOpenSockets(
    { trustProxy: undefined, maxConnectionsPerIp: undefined },
    counters,
    logger,
  );
  const listener = new Listener(
    loadBinding(logger, 8192),
    {
      host: '127.0.0.1',
      ports: noPorts,
      tlsPorts: { first: port, last: port },
      tlsCert: certificate.certFile,
      tlsKey: certificate.keyFile,
      maxQueuedBytes: 65_536,
      maxHeader: 8192,
      socketsLimit: 100,
      initialState: initialStateOf({ pingsFrames: false, expires: false, countsAddresses: false }),
    },
    { topics, fanOut, connections, halfOpen, admission, counters },
    silent,
    logger,
  );
  const publish = (text: string) => fanOut.publish(Buffer.from('news'), Buffer.from(text), false);
  return { listener, connections, publish };
}

/** A TLS socket that is accepted and has said nothing yet. */
async function silentSocket(port: number): Promise<TLSSocket & { received: string }> {
  const socket = Object.assign(connect({ port, host: '127.0.0.1', rejectUnauthorized: false }), {
    received: '',
  });
  socket.on('error', silent);
  socket.on('data', (data: Buffer) => {
    socket.received += data.toString('latin1');
  });
  await once(socket, 'secureConnect');
  return socket;
}

const turns = async (condition: () => boolean) => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
};

async function becomeConnection(socket: TLSSocket & { received: string }): Promise<void> {
  socket.write(handshakeBytes('/news'));
  await turns(() => socket.received.includes('HTTP/1.1 101'));
}

t.test(
  'a socket from before a renewal hears what is published, and its end leaves the others alone',
  async (t) => {
    const port = await freePorts(1);
    const { listener, connections, publish } = listenerOn(port);
    listener.start();
    const early = await silentSocket(port);
    const first = listener.shownCertificate;
    t.same(listener.renewCertificate(), first, 'the files are the same, and the app is another');
    await new Promise((resolve) => setImmediate(resolve));

    await becomeConnection(early);
    const late = await silentSocket(port);
    await becomeConnection(late);
    t.equal(connections.size, 2);
    t.ok(publish('both'));
    await turns(() => early.received.endsWith('both') && late.received.endsWith('both'));

    early.destroy();
    await turns(() => connections.size === 1);
    t.ok(publish('late alone'), 'the app in use is still among the topics');
    await turns(() => late.received.endsWith('late alone'));
    late.destroy();
    await turns(() => connections.size === 0);
    listener.shut();
  },
);

t.test('a port that is taken is named, and nothing stays open', async (t) => {
  const port = await freePorts(1);
  const server = createServer().listen({ port, host: '127.0.0.1', exclusive: true });
  await once(server, 'listening');
  const { listener } = listenerOn(port);
  try {
    listener.start();
    t.fail('a port that is held was listened on');
  } catch (error) {
    t.ok(error instanceof ListenError);
    t.match((error as Error).message, `port ${port}`);
  }
  server.close();
});
