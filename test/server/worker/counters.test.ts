import t from 'tap';
import { closeReasons, cutReasons, refusals } from '../../../server/codes.js';
import { EMPTY_SUMS, tallyOf } from '../../../server/metrics/worker-report.js';
import { Counters } from '../../../server/worker/counters.js';

t.test('every reason is reported from the start, at zero', (t) => {
  const { reasons } = new Counters().report();
  t.same(Object.keys(reasons.closed), Object.keys(closeReasons));
  t.same(
    new Set(Object.keys(reasons.rejected)),
    new Set([...Object.values(refusals).map(({ reason }) => reason), ...Object.keys(cutReasons)]),
  );
  t.ok(Object.values(reasons).every((counts) => Object.values(counts).every((count) => count === 0)));
  t.end();
});

t.test('a report holds every field that is summed', (t) => {
  const { counters, histograms } = new Counters().report();
  t.same([...Object.keys(counters), 'cpuSeconds'].toSorted(), Object.keys(EMPTY_SUMS.counters).toSorted());
  t.same(Object.keys(histograms).toSorted(), Object.keys(EMPTY_SUMS.histograms).toSorted());
  t.end();
});

t.test('a tally says in few numbers what a report says', (t) => {
  const counters = new Counters();
  counters.opened = 9;
  counters.messagesReceived = 1;
  counters.messagesDelivered = 2;
  counters.pingsSent = 3;
  for (const reason of ['client', 'lost', 'lost'] as const) counters.countClosed(reason, 1);
  t.same(counters.tally, {
    opened: 9,
    closed: 3,
    messagesReceived: 1,
    messagesDelivered: 2,
    pingsSent: 3,
  });
  const { counters: counts, reasons, histograms } = counters.report();
  const report = { ...EMPTY_SUMS, counters: { ...counts, cpuSeconds: 1 }, reasons, histograms };
  t.same(tallyOf(report), counters.tally);
  t.end();
});

t.test('what is counted later does not change a report', (t) => {
  const counters = new Counters();
  counters.countClosed('client', 7);
  const before = counters.report();
  counters.countClosed('client', 7);
  t.equal(before.reasons.closed['client'], 1);
  t.equal(counters.report().reasons.closed['client'], 2);
  t.equal(counters.report().histograms.age.sum, 14);
  t.end();
});

t.test('milliseconds are reported as seconds', (t) => {
  const counters = new Counters();
  counters.observePingLag(250);
  counters.observeLoopDelay(2000);
  counters.observeProbe(0.5);
  const { pingLag, loopDelay, probe } = counters.report().histograms;
  t.same([pingLag.sum, loopDelay.sum, probe.sum], [0.25, 2, 0.5]);
  t.end();
});
