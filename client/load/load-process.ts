// The program of one load process: it gets its task and its orders from the parent, and does not outlive it.
import { unblock } from '../../server/command/standard-error.js';
import type { HistogramState } from './latency-histogram.js';
import type { LoadCounts } from './load-counts.js';
import type { LoadTask } from './load-plan.js';
import { LoadWorker } from './load-worker.js';
import { MessagePrinter } from './message-printer.js';

/** What the parent sends: begin, then stop. */
export type LoadOrder = { readonly start: LoadTask } | { readonly stop: true };

/** What a load process sends: its counts every 250 ms and once all is tried, and its histograms once it has stopped. */
export type LoadReport =
  | { readonly counts: LoadCounts }
  | {
      readonly counts: LoadCounts;
      readonly latency: HistogramState;
      readonly pingGaps: HistogramState;
    };

const REPORT_EVERY_MS = 250;

// Ctrl-C reaches the whole process group; the parent decides when to stop.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
process.on('disconnect', () => process.exit());

unblock(process.stdout);
const printer = new MessagePrinter(process.stdout);
let worker: LoadWorker | undefined;

process.on('message', (order: LoadOrder) => {
  if ('start' in order) start(order.start);
  else void stop();
});

function start(task: LoadTask): void {
  const started = new LoadWorker(task, (url, payload) => printer.print(url, payload));
  worker = started;
  started.start();
  void started.tried.then(() => report({ counts: started.counts }));
  let isCollected = false;
  setInterval(() => {
    report({ counts: started.counts });
    if (isCollected || started.counts.made < task.count) return;
    isCollected = true;
    // Making the connections leaves 1.3 KB of garbage for each, which V8 on its own keeps for 20 s.
    globalThis.gc?.();
  }, REPORT_EVERY_MS);
}

async function stop(): Promise<void> {
  if (worker === undefined) process.exit();
  await worker.stop();
  await printer.flushed();
  const { counts, latency, pingGaps } = worker;
  report({ counts, latency: latency.state, pingGaps: pingGaps.histogram.state }, () => process.exit());
}

function report({ counts, ...rest }: LoadReport, onSent: () => void = () => {}): void {
  process.send!({ counts: { ...counts, unprinted: printer.unprinted }, ...rest }, onSent);
}
