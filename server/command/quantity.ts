// Numbers as people read them: 1,003,002, 62.5 GB, 4.3–5.9 GB.

/** The low and the high end of an estimate. */
export interface Span {
  readonly low: number;
  readonly high: number;
}

/** `1003002` → `1,003,002`; `Infinity` → `no limit`. */
export const formatCount = (count: number): string =>
  count === Number.POSITIVE_INFINITY ? 'no limit' : Math.ceil(count).toLocaleString('en-US');

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'];

/** Bytes in decimal units with three digits: `62500000000` → `62.5 GB`. */
export function formatBytes(bytes: number): string {
  if (bytes === Number.POSITIVE_INFINITY) return 'no limit';
  const power = bytes < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${round(bytes / 1000 ** power)} ${UNITS[power]}`;
}

/** Three significant digits: `0.5333` → `0.533`, `33333` → `33,333`. */
export function formatNumber(value: number): string {
  return value >= 1000 ? formatCount(Math.round(value)) : String(round(value));
}

/** Formats both ends, or one if they look the same. The low end has no unit if both have the same unit. */
export function formatSpan(span: Span, format: (value: number) => string): string {
  const low = format(span.low);
  const high = format(span.high);
  if (low === high) return high;
  const unit = / \D+$/.exec(high)?.[0];
  return `${unit !== undefined && low.endsWith(unit) ? low.slice(0, -unit.length) : low}–${high}`;
}

const round = (value: number): number => Number(value.toPrecision(3));
