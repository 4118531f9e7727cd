// The result as one HTML file that needs nothing else: figures, plots, and the machine that they were measured on.
import type { Result } from '../result.js';
import { plotsOf, type ReportPlot } from './plots.js';
import { cellsOf, headline, noiseNote, ratioOf, valueText } from './table.js';

const STYLE = `
:root { color-scheme: light; --ink: #1c2430; --dim: #5c6675; --line: #dfe4ea; --own: #1f5fbf; --other: #e08a1e; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 40px 24px 64px; max-width: 860px; color: var(--ink); background: #fff;
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
h1 { margin: 0 0 4px; font-size: 26px; }
h2 { margin: 40px 0 2px; font-size: 17px; }
p { margin: 0 0 10px; color: var(--dim); }
table { width: 100%; margin-top: 20px; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 6px 10px; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th:first-child, td:first-child { padding-left: 0; text-align: left; white-space: normal; }
th { font-size: 13px; font-weight: 600; }
td.unit { color: var(--dim); text-align: left; }
th.own::before, th.other::before { content: ""; display: inline-block; width: 10px; height: 10px; margin-right: 6px;
  border-radius: 50%; background: var(--own); }
th.other::before { background: var(--other); }
figure { margin: 0; }
svg { max-width: 100%; height: auto; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 18px; margin: 8px 0 0; font-size: 14px; }
dt { color: var(--dim); } dd { margin: 0; overflow-wrap: anywhere; }`;

export function htmlReport(result: Result): string {
  const [what = '', where = ''] = headline(result).split('\n');
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>10m-bench ${escaped(result.scenario)}</title>
<style>${STYLE}
</style>
<h1>10m-bench ${escaped(result.scenario)}</h1>
<p>${escaped(what)}<br>${escaped(where)}</p>
${figureTable(result)}
${plotsOf(result).map(plotHtml).join('\n')}
<h2>How it was run</h2>
${details(result)}
</html>
`;
}

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]!);

function figureTable({ figures, arms }: Result): string {
  const hasRatio = arms.length > 1;
  const head = arms.map((arm, i) => `<th class="${i === 0 ? 'own' : 'other'}">${escaped(arm)}</th>`).join('');
  const rows = Object.values(figures).map((figure) => {
    const cells = arms.map((arm) => `<td>${cellsOf(figure, arm).join(' &nbsp; ')}</td>`).join('');
    const ratio = ratioOf(figure, arms);
    const ratioCell = hasRatio ? `<td>${ratio === undefined ? '' : `${valueText(ratio)} ×`}</td>` : '';
    return `<tr><td>${escaped(figure.name)}</td><td class="unit">${escaped(figure.unit)}</td>${cells}${ratioCell}</tr>`;
  });
  const note = noiseNote(figures);
  return `<table><thead><tr><th>figure</th><th></th>${head}${hasRatio ? '<th>ratio</th>' : ''}</tr></thead>
<tbody>${rows.join('\n')}</tbody></table>${note === undefined ? '' : `<p>${escaped(note)}</p>`}`;
}

const plotHtml = ({ title, note, svg }: ReportPlot): string =>
  `<h2>${escaped(title)}</h2><p>${escaped(note)}</p><figure>${svg}</figure>`;

function details({ machine, options, against, startedAt }: Result): string {
  const facts: Record<string, unknown> = {
    started: startedAt,
    processor: `${machine.cpu}, ${machine.cores} cores`,
    memory: `${(machine.memoryBytes / 2 ** 30).toFixed(1)} GiB`,
    kernel: machine.kernel,
    node: machine.node,
    '10m': `${machine.version}${machine.commit === undefined ? '' : `, commit ${machine.commit}`}`,
    'connections per process': machine.connectionsPerProcess,
    ...options,
    ...(against === null ? {} : { against }),
  };
  return `<dl>${Object.entries(facts)
    .map(([name, value]) => `<dt>${escaped(name)}</dt><dd>${escaped(String(value))}</dd>`)
    .join('')}</dl>`;
}
