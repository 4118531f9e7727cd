// The program of one load process: it obeys its parent, and does not outlive it.
import '../collect-garbage.js';
import { type HistogramState, LatencyHistogram } from '../../client/load/latency-histogram.js';
import { type LoadCounts, noCounts } from '../../client/load/load-counts.js';
import type { LoadTask } from '../../client/load/load-plan.js';
import { Churner, type ChurnRecord, type ChurnTask } from './churner.js';
import { Members } from './members.js';

/** What the parent may ask; every request gets one reply. */
export type DriverOrder =
  | { readonly kind: 'connect'; readonly task: LoadTask; readonly pingIntervalMs: number }
  | { readonly kind: 'counts' }
  | { readonly kind: 'take' }
  | { readonly kind: 'cut' }
  | { readonly kind: 'churn'; readonly task: ChurnTask }
  | { readonly kind: 'records' };

export interface DriverRequest {
  readonly id: number;
  readonly order: DriverOrder;
}

/** What was seen since the last `take`; the counts are since `connect`. */
export interface DriverReading {
  readonly counts: LoadCounts;
  readonly latency: HistogramState;
  readonly pingLag: HistogramState;
}

export interface DriverReply {
  readonly id: number;
  readonly counts?: LoadCounts;
  /** When the latest message came, ms since 1970; 0 for none. */
  readonly lastMessageAtMs?: number;
  readonly reading?: DriverReading;
  readonly records?: readonly ChurnRecord[];
}

// Ctrl-C reaches the whole process group; the parent decides when to stop.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit());

let members: Members | undefined;
let churner: Churner | undefined;

process.on('message', ({ id, order }: DriverRequest) => {
  void obey(order).then((reply) => process.send!({ id, ...reply } satisfies DriverReply, () => {}));
});

async function obey(order: DriverOrder): Promise<Omit<DriverReply, 'id'>> {
  switch (order.kind) {
    case 'connect':
      members = new Members(order.task, order.pingIntervalMs);
      members.start();
      await members.tried;
      return {};
    case 'counts':
      return {
        counts: members?.counts ?? churner?.counts ?? noCounts(),
        lastMessageAtMs: members?.lastMessageAtMs ?? 0,
      };
    case 'take':
      return { reading: take() };
    case 'cut':
      await members?.stop();
      members = undefined;
      return {};
    case 'churn':
      churner = new Churner(order.task);
      churner.start();
      return {};
    case 'records': {
      await churner?.stop();
      const records = churner?.records ?? [];
      churner = undefined;
      return { records };
    }
  }
}

function take(): DriverReading {
  const reading = {
    counts: members?.counts ?? noCounts(),
    latency: (members?.messageLatency ?? new LatencyHistogram()).state,
    pingLag: (members?.pingLag?.histogram ?? new LatencyHistogram()).state,
  };
  if (members !== undefined) {
    members.messageLatency = new LatencyHistogram();
    if (members.pingLag !== undefined) members.pingLag.histogram = new LatencyHistogram();
  }
  return reading;
}
