import t from 'tap';
import { EMPTY_SUMS } from '../../../server/metrics/worker-report.js';
import type { Snapshot } from '../../../server/primary/snapshot.js';
import { statsOf } from '../../../server/primary/stats.js';

const worker = { number: 1, pid: 42, generation: 2, state: 'listening', connections: 5, connectionsLimit: 9 };

const snapshot = {
  version: '1.2.3',
  uptimeSeconds: 7,
  ready: false,
  reason: 'draining',
  drain: null,
  connections: 5,
  channels: 2,
  workers: [
    { ...worker, broker: { isConnected: true, reason: '' } },
    { ...worker, number: 2, broker: { isConnected: false, reason: 'NOAUTH' } },
  ],
  broker: { kind: 'redis', isConnected: false, reason: 'connection refused' },
  messages: { received: 1, delivered: 2, unrouted: 3, dropped: 4 },
  pings: 6,
  probe: EMPTY_SUMS.histograms.probe,
} as unknown as Snapshot;

t.test('the statistics are the part of the snapshot that the contract names', (t) => {
  t.same(statsOf(snapshot), {
    version: '1.2.3',
    uptimeSeconds: 7,
    ready: false,
    reason: 'draining',
    drain: null,
    connections: 5,
    channels: 2,
    workers: [
      {
        number: 1,
        pid: 42,
        generation: 2,
        state: 'listening',
        connections: 5,
        limit: 9,
        broker: 'connected',
      },
      { number: 2, pid: 42, generation: 2, state: 'listening', connections: 5, limit: 9, broker: 'NOAUTH' },
    ],
    broker: { kind: 'redis', connected: false, reason: 'connection refused' },
    messages: { received: 1, delivered: 2, unrouted: 3, dropped: 4 },
    pings: 6,
  });
  t.end();
});
