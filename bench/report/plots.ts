// The plots of a report, as SVG: Observable Plot, drawn into a document without a browser.
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import type { Figure, Result, RunRecord } from '../result.js';
import { ratioOf } from './table.js';

const WIDTH = 760;
/** This server, then the other one; they differ in lightness too. */
const COLORS = ['#1f5fbf', '#e08a1e'];

/** A plot, with its title and the sentence below the title. */
export interface ReportPlot {
  readonly title: string;
  readonly note: string;
  readonly svg: string;
}

/** All plots that a result has data for, in their order. */
export function plotsOf(result: Result): ReportPlot[] {
  return [ratioPlot(result), ...curvePlots(result), ...samplePlots(result)].filter(
    (plot) => plot !== undefined,
  );
}

function draw(title: string, note: string, options: Plot.PlotOptions): ReportPlot {
  const { document } = parseHTML('<html><body></body></html>');
  const svg = Plot.plot({
    width: WIDTH,
    marginLeft: 64,
    marginRight: 24,
    marginBottom: 46,
    style: { fontFamily: 'inherit', fontSize: '12px', background: 'transparent', overflow: 'visible' },
    ...options,
    document,
  });
  return { title, note, svg: svg.outerHTML };
}

const colorScale = (arms: readonly string[]): Plot.ScaleOptions => ({
  domain: [...arms],
  range: COLORS.slice(0, arms.length),
});

/** Every run's value of each figure, as a multiple of the other server's mean. */
function ratioPlot({ figures, arms }: Result): ReportPlot | undefined {
  const [own, other] = arms;
  if (own === undefined || other === undefined) return undefined;
  const rows = Object.values(figures).flatMap((figure) => {
    const ratio = ratioOf(figure, arms);
    return ratio === undefined || ratio <= 0 ? [] : multiples(figure, arms);
  });
  if (rows.length === 0) return undefined;
  const names = [...new Set(rows.map(({ figure }) => figure))];
  return draw(
    `As multiples of ${other}`,
    `Each dot is one run; 1 is the mean of ${other}. The distance between dots of one colour is the noise.`,
    {
      height: 70 + 26 * names.length,
      marginLeft: 250,
      color: colorScale(arms),
      x: {
        type: 'log',
        label: `multiple of ${other} →`,
        labelOffset: 42,
        grid: true,
        tickFormat: '~g',
        ticks: 6,
      },
      y: { label: null, domain: names },
      marks: [
        Plot.ruleX([1], { stroke: '#888' }),
        Plot.dot(rows, { x: 'multiple', y: 'figure', fill: 'arm', r: 4.5, fillOpacity: 0.8 }),
      ],
    },
  );
}

function multiples(figure: Figure, arms: readonly string[]) {
  const others = (figure.arms[arms[1]!] ?? []).filter((value) => value !== null);
  const base = others.reduce((sum, value) => sum + value, 0) / others.length;
  return arms.flatMap((arm) =>
    (figure.arms[arm] ?? [])
      .filter((value) => value !== null && value > 0)
      .map((value) => ({ figure: figure.name, arm, multiple: value! / base })),
  );
}

const PERCENTILES = [0.001, 0.5, 0.9, 0.99, 0.999, 1];
/** Where the maximum is drawn; the logarithm of a share of 0 has no place on the axis. */
const LEAST_LEFT = 0.0005;

/** A percentile's place on the axis: each further nine is as far again. */
const placeOf = (share: number): number => -Math.log10(Math.max(LEAST_LEFT, 1 - share));

const percentileText = (place: number): string =>
  place >= placeOf(1) ? 'max' : `${Number(((1 - 10 ** -place) * 100).toFixed(2))} %`;

/** One plot for each distribution: the time that a share of all did not exceed. */
function curvePlots({ runs, arms }: Result): ReportPlot[] {
  const names = [...new Set(runs.flatMap(({ curves }) => curves.map(({ name }) => name)))];
  return names.flatMap((name) => {
    const rows = runs.flatMap((run, i) =>
      run.curves
        .filter((curve) => curve.name === name)
        .flatMap(({ points }) =>
          points.map(([share, value]) => ({ run: i, arm: run.arm, place: placeOf(share), value })),
        ),
    );
    if (rows.length === 0) return [];
    return [
      draw(`Latency: ${name}`, 'One line for each run; the right end is the maximum.', {
        height: 260,
        color: colorScale(arms),
        x: {
          label: 'percentile →',
          labelOffset: 42,
          ticks: PERCENTILES.map(placeOf),
          tickFormat: percentileText,
        },
        y: { label: '↑ ms', grid: true, zero: true },
        marks: [
          Plot.ruleY([0]),
          Plot.line(rows, { x: 'place', y: 'value', z: 'run', stroke: 'arm', strokeWidth: 1.8 }),
        ],
      }),
    ];
  });
}

/** The course of the runs: connections and CPU over time. */
function samplePlots({ runs, arms }: Result): ReportPlot[] {
  const rows = runs.flatMap((run: RunRecord, i) =>
    run.samples.map((sample) => ({ ...sample, arm: run.arm, run: i })),
  );
  if (rows.length < 2) return [];
  const overTime = (title: string, note: string, y: 'connections' | 'serverCores', label: string) =>
    draw(title, note, {
      height: 200,
      color: colorScale(arms),
      x: { label: 'seconds since the run began →', labelOffset: 42 },
      y: { label: `↑ ${label}`, grid: true, zero: true, tickFormat: y === 'connections' ? '~s' : '~g' },
      marks: [
        Plot.ruleY([0]),
        Plot.line(rows, { x: 'atSeconds', y, z: 'run', stroke: 'arm', strokeWidth: 1.5 }),
      ],
    });
  return [
    overTime('Connections over time', 'One line for each run.', 'connections', 'connections'),
    overTime('CPU of the server over time', 'All server processes together.', 'serverCores', 'cores'),
  ];
}
