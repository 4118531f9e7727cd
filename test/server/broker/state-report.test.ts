import t from 'tap';
import type { BrokerState } from '../../../server/broker/broker.js';
import { StateReport } from '../../../server/broker/state-report.js';
import { keptLog } from '../../harness/log.js';

t.test('each change is told once', async (t) => {
  const log = keptLog();
  const states: BrokerState[] = [];
  const report = new StateReport('publisher', log.logger, (state) => states.push(state));
  const said = () => log.lines.splice(0).map(({ level, message, reason }) => [level, message, reason]);
  const fine = { isConnected: true, reason: '' };
  const broken = (reason: string) => ({ isConnected: false, reason });

  report.change(broken('refused'), 'cannot connect');
  report.change(broken('refused'), 'cannot connect');
  report.change(broken('NOAUTH'), 'cannot connect');
  report.change(broken('refused'), 'cannot connect');
  t.same(said(), [
    ['warn', 'broker publisher cannot connect', 'refused'],
    ['warn', 'broker publisher cannot connect', 'NOAUTH'],
  ]);
  t.equal(states.length, 3, 'who follows it learns of each change, also back to a reason that was told');

  report.change(fine, '');
  report.change(fine, '');
  report.change({ ...fine, isMaster: true }, '');
  t.same(said(), [['info', 'broker publisher connected', undefined]]);
  t.same(report.state, { ...fine, isMaster: true });

  report.change(broken('refused'), 'lost');
  t.same(said(), [['warn', 'broker publisher lost', 'refused']], 'told anew after it was well');
  report.change({ isConnected: true, reason: 'half of it' }, 'is refused');
  t.same(said(), [['warn', 'broker publisher is refused', 'half of it']]);
});
