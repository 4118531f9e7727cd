import { parseHTML } from 'linkedom';
import t from 'tap';
import { htmlReport } from '../../../bench/report/html-report.js';
import { plotsOf } from '../../../bench/report/plots.js';
import { figureOf, resultOf } from '../../harness/bench-result.js';

const samples = [1, 2].map((atSeconds) => ({ atSeconds, connections: 5, serverCores: 0.5 }));
const curves = [{ name: 'alone', unit: 'ms', points: [[0.5, 1] as const, [1, 2] as const] }];
const full = resultOf({
  arms: ['own', 'other <b>'],
  against: 'other <b>',
  figures: { cost: figureOf({ own: [10, 11], 'other <b>': [20, 22] }) },
  runs: [
    { arm: 'own', samples, curves },
    { arm: 'other <b>', samples, curves },
  ],
});

t.test('every plot that there is data for', async (t) => {
  t.same(
    plotsOf(full).map(({ title }) => title),
    ['As multiples of other <b>', 'Latency: alone', 'Connections over time', 'CPU of the server over time'],
  );
  for (const { svg } of plotsOf(full)) t.match(svg, /^<svg[\s\S]*<\/svg>$/);
  t.same(plotsOf(resultOf()), [], 'none without data');
});

t.test('one file that needs nothing else, with texts that are no HTML', async (t) => {
  const { document } = parseHTML(htmlReport(full));
  t.equal(document.querySelectorAll('figure > svg').length, 4);
  t.equal(document.querySelectorAll('script, link, img, b, fast').length, 0);
  t.same(
    [...document.querySelectorAll('tbody td')].map((cell) => cell.textContent?.replace(/\s+/g, ' ')),
    ['cost', 'µs', '10 11', '20 22', '0.5 ×'],
  );
  t.match(document.querySelector('dl')!.textContent, 'a <fast> one, 1 cores');
});

t.test('a figure within its noise is told as that', async (t) => {
  const noisy = { ...figureOf({ own: [null] }), noise: { own: [46_643] } };
  const html = htmlReport(resultOf({ figures: { noisy } }));
  t.match(html, '<td>noise ±46,643</td>');
  t.match(html, 'lies within its own noise');
});
