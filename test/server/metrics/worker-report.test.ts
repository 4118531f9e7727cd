import t from 'tap';
import { addReport, EMPTY_SUMS, type ReportSums, tallyOf } from '../../../server/metrics/worker-report.js';

const report: ReportSums = {
  ...EMPTY_SUMS,
  gauges: { ...EMPTY_SUMS.gauges, connections: 2 },
  counters: { ...EMPTY_SUMS.counters, opened: 5, messagesDelivered: 7 },
  reasons: { closed: { client: 2, lost: 1 }, rejected: { token: 4 }, dropped: {} },
  histograms: { ...EMPTY_SUMS.histograms, probe: { bounds: [1, 2], counts: [3, 0, 1], sum: 9 } },
};

t.test('the first report is the sum', (t) => {
  t.same(addReport(EMPTY_SUMS, report), report);
  t.end();
});

t.test('every field is added', (t) => {
  const sums = addReport(report, report);
  t.equal(sums.gauges.connections, 4);
  t.equal(sums.counters.messagesDelivered, 14);
  t.same(sums.reasons, { closed: { client: 4, lost: 2 }, rejected: { token: 8 }, dropped: {} });
  t.same(sums.histograms.probe, { bounds: [1, 2], counts: [6, 0, 2], sum: 18 });
  t.equal(report.gauges.connections, 2, 'the report itself does not change');
  t.end();
});

t.test('a tally is a part of the report', (t) => {
  t.match(tallyOf(report), { opened: 5, closed: 3, messagesDelivered: 7 });
  t.end();
});
