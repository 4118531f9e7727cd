import t from 'tap';
import { metricRows } from '../../../server/primary/exposition.js';

t.test('each metric appears once and has a sentence of help', (t) => {
  const names = metricRows.map(({ name }) => name);
  t.equal(new Set(names).size, names.length);
  for (const { name, help } of metricRows) t.match(help, /^[A-Z].*\.$/s, name);
  t.end();
});

t.test('the names follow the conventions of Prometheus', (t) => {
  for (const { name, type } of metricRows) {
    t.match(name, /^[a-z]+(_[a-z]+)*$/);
    t.equal(name.endsWith('_total'), type === 'counter', name);
  }
  t.end();
});
