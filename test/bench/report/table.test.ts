import t from 'tap';
import { cellsOf, noiseNote, ratioOf, resultText, valueText } from '../../../bench/report/table.js';
import { figureOf, resultOf } from '../../harness/bench-result.js';

t.test('values and ratios', async (t) => {
  t.equal(valueText(1234567.8), '1,234,568');
  t.equal(valueText(0.012345), '0.0123');
  t.equal(valueText(null), '-');
  t.equal(ratioOf(figureOf({ own: [1, 3], other: [4, 4] }), ['own', 'other']), 0.5);
  t.equal(ratioOf(figureOf({ own: [1, 3], other: [] }), ['own', 'other']), undefined);
  t.equal(ratioOf({ ...figureOf({ own: [1], other: [4] }), better: 'fact' }, ['own', 'other']), undefined);
});

t.test('figures stand in columns', async (t) => {
  const figures = { cost: figureOf({ own: [10, 11], other: [20, 22] }) };
  const text = resultText(resultOf({ figures, arms: ['own', 'other'] }));
  t.match(text, /^ping: 5 connections, 1 worker, 1\/s, 1 s, 2026-01-01/);
  t.match(text, /^figure +unit +own +other +own \/ other\ncost +µs +10 {2}11 +20 {2}22 +0\.5 ×$/m);
  t.notMatch(text, 'noise');
});

t.test('a figure within its noise is told as that', async (t) => {
  const noisy = { ...figureOf({ own: [null, 6] }), noise: { own: [46_643, null] } };
  t.strictSame(cellsOf(noisy, 'own'), ['noise ±46,643', '6']);
  t.strictSame(cellsOf(figureOf({ own: [5, 6] }), 'own'), ['5', '6']);
  t.strictSame(cellsOf(noisy, 'other'), []);
  t.equal(noiseNote({ quiet: figureOf({ own: [5] }) }), undefined);
  const text = resultText(resultOf({ figures: { noisy } }));
  t.match(text, /noise ±46,643 {2}6\n/);
  t.match(text, noiseNote({ noisy }));
  const beside = { ...noisy, arms: { own: [null], other: [4] } };
  t.equal(ratioOf(beside, ['own', 'other']), undefined, 'and is compared with nothing');
});
