// The result as a table for a terminal.
import { alignFigures } from '../../server/command/text-table.js';
import { type Figure, type Result, valuesOf } from '../result.js';
import { mean } from '../statistics.js';

/** Three significant digits, thousands grouped; whole numbers from 100 on. */
export function valueText(value: number | null | undefined): string {
  if (value === null || value === undefined) return '-';
  if (Math.abs(value) >= 100 || Number.isInteger(value)) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

/** The mean of the first arm divided by that of the second; undefined where that means nothing. */
export function ratioOf(figure: Figure, arms: readonly string[]): number | undefined {
  const [own, other] = arms.map((arm) => valuesOf(figure, arm));
  if (figure.better === 'fact' || own === undefined || other === undefined) return undefined;
  if (own.length === 0 || other.length === 0 || mean(other) === 0) return undefined;
  return mean(own) / mean(other);
}

/** The values of an arm, in the order of its runs. */
export const cellsOf = (figure: Figure, arm: string): string[] =>
  (figure.arms[arm] ?? []).map((value, i) => {
    const noise = figure.noise?.[arm]?.[i] ?? undefined;
    return noise === undefined ? valueText(value) : `noise ±${valueText(noise)}`;
  });

/** What `noise` in a table means; undefined where there is none. */
export function noiseNote(figures: Result['figures']): string | undefined {
  if (Object.values(figures).every(({ noise }) => noise === undefined)) return undefined;
  return (
    'noise ±N: the measurement lies within its own noise, and the figure could be off by N. ' +
    'Give more --connections or a longer --duration.'
  );
}

/** What was run, on what. */
export function headline({ scenario, options, machine, startedAt, seconds }: Result): string {
  const of = `${options.connections.toLocaleString('en-US')} connections, ${options.workers} worker${options.workers === 1 ? '' : 's'}`;
  const rate = options.rate === 0 ? '' : `, ${options.rate.toLocaleString('en-US')}/s`;
  const shared = options.shared ? ', one channel' : '';
  const tls = options.tls ? ', TLS' : '';
  const commit = machine.commit === undefined ? '' : `, commit ${machine.commit}`;
  return (
    `${scenario}: ${of}${rate}${shared}${tls}, ${seconds.toFixed(0)} s, ${startedAt}\n` +
    `${machine.cpu}, ${machine.cores} cores, ${(machine.memoryBytes / 2 ** 30).toFixed(0)} GiB, ` +
    `Linux ${machine.kernel}, Node ${machine.node}, 10m ${machine.version}${commit}`
  );
}

/** Headline and figures. */
export function resultText(result: Result): string {
  const { arms } = result;
  const hasRatio = arms.length > 1;
  const head = ['figure', 'unit', ...arms, ...(hasRatio ? [`${arms[0]} / ${arms[1]}`] : [])];
  const rows = Object.values(result.figures).map((figure) => {
    const ratio = ratioOf(figure, arms);
    return [
      figure.name,
      figure.unit,
      ...arms.map((arm) => cellsOf(figure, arm).join('  ')),
      ...(hasRatio ? [ratio === undefined ? '' : `${valueText(ratio)} ×`] : []),
    ];
  });
  const note = noiseNote(result.figures);
  const table = alignFigures([head, ...rows]).join('\n');
  return `${headline(result)}\n\n${table}\n${note === undefined ? '' : `\n${note}\n`}`;
}
