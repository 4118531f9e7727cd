import t from 'tap';
import { tenmCosts } from '../../../server/plan/costs.js';
import { headroom, type Usage } from '../../../server/primary/headroom.js';

const GB = 1e9;

const usage: Usage = {
  connections: 10_000,
  connectionsLimit: 40_000,
  openFds: 10_100,
  maxFds: 41_000,
  userBytes: 10_000 * 1000,
  memoryBytes: 8 * GB,
  memoryAvailableBytes: 4 * GB,
  tcpSockets: 20_000,
  tcpBytes: 20_000 * 200,
  tcpLimitBytes: 1 * GB,
};

t.test('each limit leaves room for as many connections as their cost allows', (t) => {
  const { memory, rooms, nearest } = headroom(usage);
  t.same(memory, { userBytes: 1000, kernelBytes: tenmCosts.kernelSocket.low + 200 });
  t.same(rooms, {
    connections: { usedRatio: 0.25, connections: 30_000 },
    fds: { usedRatio: 10_100 / 41_000, connections: 30_900 },
    memory: { usedRatio: 0.5, connections: Math.floor((4 * GB) / (1200 + tenmCosts.kernelSocket.low)) },
    tcp_memory: { usedRatio: 0.004, connections: Math.floor((GB - 4e6) / 200) },
  });
  t.equal(nearest, 'connections');
  t.end();
});

t.test('the nearest limit is the one with the least room, not the fullest', (t) => {
  const tight = headroom({ ...usage, memoryAvailableBytes: 1e6 });
  t.equal(tight.nearest, 'memory');
  t.equal(headroom({ ...usage, tcpBytes: 1.5 * GB }).rooms.tcp_memory.connections, 0);
  t.end();
});

t.test('with few connections the cost comes from the model, and buffers set no bound', (t) => {
  const { memory, rooms, nearest } = headroom({ ...usage, connections: 10, userBytes: -5e6 });
  t.same(memory, { userBytes: Number.NaN, kernelBytes: Number.NaN });
  const { userOwnChannel, kernelSocket } = tenmCosts;
  t.equal(rooms.memory.connections, Math.floor((4 * GB) / (userOwnChannel.high + kernelSocket.high)));
  t.equal(rooms.tcp_memory.connections, Number.POSITIVE_INFINITY);
  t.equal(nearest, 'fds');
  t.end();
});

t.test('there is no room before any worker has answered', (t) => {
  const silent = { ...usage, connections: 0, connectionsLimit: 0, openFds: 0, maxFds: 0 };
  t.equal(headroom(silent).rooms.connections.connections, 0);
  t.end();
});

t.test('a limit that cannot be read sets no bound', (t) => {
  const { tcp_memory } = headroom({ ...usage, tcpLimitBytes: Number.POSITIVE_INFINITY }).rooms;
  t.same(tcp_memory, { usedRatio: 0, connections: Number.POSITIVE_INFINITY });
  t.end();
});
