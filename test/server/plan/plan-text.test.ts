import t from 'tap';
import { capacity, type Load, type Machine } from '../../../server/plan/capacity.js';
import { tenmCosts } from '../../../server/plan/costs.js';
import { costsUsed, planNotes, planText } from '../../../server/plan/plan-text.js';

const load: Load = {
  connections: 10_000_000,
  pingIntervalSeconds: 300,
  messagesPerSecond: 20,
  fanout: 50_000,
  messageBytes: 100,
  channels: 'own',
  tls: true,
};
const machine: Machine = { cores: 32, memoryBytes: 208e9, openFiles: 1_048_576, ports: 1001 };
const answer = capacity(load, machine);
const notes = planNotes(load, answer);
const textOf = (columns: number) =>
  planText(load, machine, answer, costsUsed(load, tenmCosts), notes, columns);

t.test('the plan fits any terminal of 45 or more columns, with the same words on each', async (t) => {
  const words = (text: string) => text.split(/\s+/);
  for (const columns of [45, 60, 80, 120, 200]) {
    const text = textOf(columns);
    const tooLong = text.split('\n').filter((line) => line.length > columns);
    t.same(tooLong, [], `${columns} columns`);
    t.same(words(text), words(textOf(1000)), 'no word is broken or missing');
  }
});

t.test('the plan lists the costs that apply, and notes what the numbers do not show', async (t) => {
  const plain = { ...load, tls: false, messagesPerSecond: 0 };
  t.equal(costsUsed(load, tenmCosts).length, costsUsed(plain, tenmCosts).length + 3);
  t.match(notes, [/30,000 pings\/s/, /TLS handshakes/]);
  t.same(planNotes({ ...plain, connections: 1 }, capacity({ ...plain, connections: 1 }, machine)), []);
});

t.test('the plan asks for the machine if it is not given', async (t) => {
  const unknown = { openFiles: 1_048_576, ports: 1001 };
  t.match(planText(load, unknown, capacity(load, unknown), [], [], 120), /give --memory and --cores/);
});
