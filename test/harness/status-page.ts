// The status page served with a history and snapshots of the test's choice.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { StatusPage } from '../../server/admin/status-page.js';
import { StatusStream } from '../../server/admin/status-stream.js';
import type { HistogramReport } from '../../server/metrics/bucket-histogram.js';
import type { HistoryPoint } from '../../server/primary/history.js';
import type { Snapshot, SnapshotWorker } from '../../server/primary/snapshot.js';
import type { Teardown } from './server.js';

const BOUNDS = [0.005, 0.1, 10];

/** A histogram with some observations in each bucket. */
export const observed = (...counts: number[]): HistogramReport => ({
  bounds: BOUNDS,
  counts: [...counts, 0, 0, 0, 0].slice(0, BOUNDS.length + 1),
  sum: 0,
});

export const workerOf = (number: number, parts: Partial<SnapshotWorker> = {}): SnapshotWorker => ({
  id: number,
  number,
  pid: 1000 + number,
  generation: 1,
  state: 'listening',
  connections: 10 * number,
  connectionsLimit: 20_000,
  memoryBytes: 15e6,
  delivered: 0,
  loopDelay: observed(),
  broker: { isConnected: true, reason: '' },
  ...parts,
});

/** A snapshot of a server of two workers that is ready, taken now. */
export function snapshotOf(parts: Partial<Snapshot> = {}): Snapshot {
  const room = { usedRatio: 0.1, connections: 1000 };
  return {
    instance: 'one',
    timeMs: Date.now(),
    version: '0.0.0',
    uptimeSeconds: 60,
    ready: true,
    reason: null,
    connections: 30,
    connectionsLimit: 40_000,
    stalled: 0,
    channels: 3,
    opened: 30,
    closed: { client: 0, lost: 0 },
    rejected: 0,
    messages: { received: 0, delivered: 0, unrouted: 0, dropped: 0 },
    pings: 0,
    pingLag: observed(),
    probe: observed(),
    handover: observed(),
    workers: [workerOf(1), workerOf(2)],
    workersWanted: 2,
    workersMissing: 0,
    restarts: 0,
    kills: {},
    droppedBehind: 0,
    usage: {
      connections: 30,
      connectionsLimit: 40_000,
      openFds: 50,
      maxFds: 40_000,
      userBytes: 0,
      memoryBytes: 8e9,
      memoryAvailableBytes: 4e9,
      tcpSockets: 30,
      tcpBytes: 0,
      tcpLimitBytes: 1e9,
    },
    headroom: {
      memory: { userBytes: Number.NaN, kernelBytes: Number.NaN },
      rooms: { connections: room, fds: room, memory: room, tcp_memory: room },
      nearest: 'connections',
    },
    stopping: false,
    broker: { kind: 'redis', isConnected: true, reason: '' },
    drain: null,
    ...parts,
  };
}

/** Serves the page. What `show` was given last comes with each snapshot, each second. */
export async function serveStatusPage(t: Teardown, points: readonly HistoryPoint[] = []) {
  let shown: Partial<Snapshot> = {};
  const stream = new StatusStream(
    async () => snapshotOf(shown),
    () => ({ instance: shown.instance ?? 'one', points }),
    (error) => {
      throw error;
    },
  );
  const page = new StatusPage(stream, { webSocketScheme: 'ws', webSocketPort: 1, webSocketAuth: 'none' });
  const server = createServer((request, response) => page.serve(request, response, request.url!));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    stream.stop();
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    show: (parts: Partial<Snapshot>): void => {
      shown = parts;
    },
  };
}
