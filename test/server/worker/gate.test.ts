import t from 'tap';
import { Gate } from '../../../server/worker/gate.js';

function gateOf(limit: number) {
  const log: string[] = [];
  const timers: (() => void)[] = [];
  const state = { openFails: false };
  const gate = new Gate({
    limit,
    open: () => {
      if (state.openFails) throw new Error('taken');
      log.push('open');
    },
    close: () => log.push('close'),
    later: (run) => {
      timers.push(run);
      return {} as NodeJS.Timeout;
    },
    changed: (isOpen, sockets) => log.push(`${isOpen ? 'opened' : 'full'} ${sockets}`),
    reopenFailed: ({ message }) => log.push(message),
  });
  gate.start();
  return { gate, log, timers, state };
}

t.test('closes at the limit, within the accept, and opens again once there is room', (t) => {
  const { gate, log, timers } = gateOf(2);
  gate.accepted();
  gate.accepted();
  t.same(log.splice(0), ['open', 'opened 0', 'close', 'full 2']);
  gate.accepted();
  t.same(log, [], 'one more from the accept queue changes nothing');
  gate.left();
  gate.left();
  t.equal(timers.length, 1, 'one timer, however many leave');
  timers.pop()!();
  t.same(log, ['open', 'opened 1']);
  t.end();
});

t.test('stays closed when the room is gone again by then', (t) => {
  const { gate, log, timers } = gateOf(1);
  gate.accepted();
  gate.left();
  gate.accepted();
  log.length = 0;
  timers.pop()!();
  t.same(log, []);
  gate.left();
  timers.pop()!();
  t.same(log, ['open', 'opened 0']);
  t.end();
});

t.test('a port that cannot be had again is told and tried again', (t) => {
  const { gate, log, timers, state } = gateOf(1);
  gate.accepted();
  gate.left();
  state.openFails = true;
  log.length = 0;
  timers.pop()!();
  t.same(log, ['taken']);
  t.notOk(gate.isOpen);
  state.openFails = false;
  timers.pop()!();
  t.ok(gate.isOpen);
  t.end();
});

t.test('a gate that is shut stays shut', (t) => {
  const { gate, log, timers } = gateOf(1);
  gate.accepted();
  gate.shut();
  log.length = 0;
  gate.left();
  t.same([log, timers], [[], []]);
  t.end();
});
