import t from 'tap';
import { availableBytes, systemFdsFree, thisMachine } from '../../../bench/proc/machine.js';

t.test('this machine, and what runs on it', async (t) => {
  const machine = thisMachine();
  t.match(machine, { node: process.version, version: /^\d+\.\d+\.\d+/, kernel: /^\d+\.\d+/ });
  t.ok(machine.cores >= 1 && machine.memoryBytes > 100e6 && machine.connectionsPerProcess >= 1);
  t.ok(availableBytes() > 10e6 && availableBytes() < machine.memoryBytes);
  t.ok(systemFdsFree() > 0);
});
