import t from 'tap';
import { clean, httpSender, Ledger } from '../harness/ledger.js';
import { startProxy } from '../harness/proxy.js';
import { startRedis } from '../harness/redis.js';
import { startServer } from '../harness/server.js';
import { drop, open, openMany, type TestConnection } from '../harness/sockets.js';

const WORKERS = 3;
const CHANNELS = ['news', 'sport', 'weather'];
const STOP_MS = 5000;
/** A client that was not there before comes this often. */
const NEWCOMER_MS = 50;

for (const broker of ['embedded', 'redis'] as const) {
  t.test(`${broker} broker: one worker is killed while another one stands still for 5 s`, async (t) => {
    const redis = broker === 'redis' ? await startRedis(t) : undefined;
    const proxy = redis === undefined ? undefined : await startProxy(t, redis.port);
    const flags = proxy === undefined ? [] : ['--redis', proxy.url];
    const server = await startServer(t, ['--workers', String(WORKERS), ...flags]);
    const ledger = new Ledger();
    const join = (channel: string, connection: TestConnection) => {
      ledger.join(channel, connection);
      return connection;
    };
    const channelOf = (i: number) => CHANNELS[i % CHANNELS.length]!;
    const connections = await openMany(300, (i) => server.url(channelOf(i)));
    for (const [i, connection] of connections.entries()) join(channelOf(i), connection);

    // Tries at once and again, whatever it meets.
    const connect = async (channel: string): Promise<TestConnection> => {
      for (;;) {
        const connection = await open(server.url(channel)).catch(() => undefined);
        if (connection !== undefined) return join(channel, connection);
      }
    };
    const returned: Promise<TestConnection>[] = [];
    for (const [i, { closed }] of connections.entries()) {
      void closed.then(() => returned.push(connect(channelOf(i))));
    }

    // Those that Redis hands a message to: all workers but the one that is away.
    const send = redis === undefined ? httpSender(server) : await redis.sender(t, WORKERS - 1);
    const end = ledger.stream(CHANNELS, send);
    await connections[0]!.messages(10);
    // The new worker hears Redis late: who comes back or is new must not be let in before.
    if (proxy !== undefined) proxy.slowMs = 1000;
    const [killed, stopped] = (await server.stats()).workers;
    process.kill(stopped!.pid, 'SIGSTOP');
    process.kill(killed!.pid, 'SIGKILL');
    const newcomers: Promise<TestConnection>[] = [];
    for (let ms = 0; ms < STOP_MS; ms += NEWCOMER_MS) {
      newcomers.push(connect('news'));
      await new Promise((resolve) => setTimeout(resolve, NEWCOMER_MS));
    }
    process.kill(stopped!.pid, 'SIGCONT');
    await server.untilReady();
    await end();
    const again = await Promise.all(returned);
    const fresh = await Promise.all(newcomers);
    await ledger.settle();

    const wasHit = new Set(connections.filter(({ socket }) => socket.readyState !== socket.OPEN));
    t.equal(wasHit.size, killed!.connections, 'whom the killed worker had is hit, and nobody else');
    t.equal(again.length, wasHit.size, 'and came back');
    const account = ledger.account((connection) => !wasHit.has(connection));
    t.match(account, clean, `${account.owed} messages: each arrived once, in order`);
    const since = ledger.account((connection) => again.includes(connection) || fresh.includes(connection));
    t.match(since, clean, `${since.owed} messages to those who came meanwhile: none is missing`);
    t.match({ ...ledger.account(), lost: 0 }, clean, 'nobody got anything twice or out of order');
    t.equal(ledger.unsure, 0, 'no publisher was turned away');
    t.equal(await server.metric('tenm_worker_restarts_total'), 1);
    for (const connection of connections) connection.socket.removeAllListeners('close');
    drop([...connections, ...again, ...fresh]);
  });
}
