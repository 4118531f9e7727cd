// What has changed since an earlier run.
import { NamedFileError, readNamedFile } from '../../server/command/named-file.js';
import { alignFigures } from '../../server/command/text-table.js';
import { RESULT_FORMAT, type Result, valuesOf } from '../result.js';
import { mean, spread } from '../statistics.js';
import { valueText } from './table.js';

/** A smaller change is noise, even where the runs of an arm differ less. */
const NOISE_SHARE = 0.05;

/**
 * @param path of a JSON file that a benchmark wrote
 * @throws {NamedFileError} where it is none, or one of another scenario
 */
export const readResult = (path: string, scenario: string): Result =>
  readNamedFile('--compare', path, (content) => {
    const result = parseJson(content) as Result | null;
    if (result?.format !== RESULT_FORMAT) throw new NamedFileError('is no result of this version');
    if (result.scenario !== scenario) {
      throw new NamedFileError(`is a result of ${result.scenario}, not of ${scenario}`);
    }
    return result;
  });

function parseJson(content: Buffer): unknown {
  try {
    return JSON.parse(content.toString());
  } catch {
    throw new NamedFileError('holds no JSON');
  }
}

/** A table of the first arm's figures, old and new; says so where the runs were made with different options. */
export function compareText(old: Result, now: Result): string {
  const arm = now.arms[0]!;
  const rows = Object.entries(now.figures).map(([key, figure]) => {
    const before = old.figures[key] === undefined ? [] : valuesOf(old.figures[key], arm);
    const after = valuesOf(figure, arm);
    if (before.length === 0 || after.length === 0) return [figure.name, figure.unit, '-', '-', '', ''];
    const change = mean(after) - mean(before);
    const share = mean(before) === 0 ? 0 : change / Math.abs(mean(before));
    const noise = Math.max(NOISE_SHARE, spread(before), spread(after));
    const hasMoved = mean(before) === 0 ? change !== 0 : Math.abs(share) > noise;
    return [
      figure.name,
      figure.unit,
      valueText(mean(before)),
      valueText(mean(after)),
      mean(before) === 0 ? '' : `${share >= 0 ? '+' : ''}${(share * 100).toFixed(1)} %`,
      hasMoved ? verdict(figure.better, change) : '',
    ];
  });
  const title = `since ${old.startedAt}${old.machine.commit === undefined ? '' : `, commit ${old.machine.commit}`}`;
  // A switch that an older file does not have was off.
  const differences = Object.entries(now.options)
    .filter(([key, value]) => (old.options[key as keyof typeof old.options] ?? false) !== value)
    .map(([key]) => key);
  const warning = differences.length === 0 ? '' : `\nnot the same options: ${differences.join(', ')} differ`;
  return `${title}${warning}\n\n${alignFigures([['figure', 'unit', 'then', 'now', 'change', ''], ...rows]).join('\n')}\n`;
}

function verdict(better: 'lower' | 'higher' | 'fact', change: number): string {
  if (better === 'fact') return 'moved';
  return change < 0 === (better === 'lower') ? 'better' : 'worse';
}
