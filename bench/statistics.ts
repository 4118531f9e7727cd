// The arithmetic of a few values: mean, spread, percentiles.

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** How far apart equal runs are: largest minus smallest, as a share of the mean; 0 for one value. */
export function spread(values: readonly number[]): number {
  const middle = mean(values);
  return middle === 0 ? 0 : (Math.max(...values) - Math.min(...values)) / Math.abs(middle);
}

/** The value that the share `p` (0 to 1) does not exceed, by nearest rank; undefined for no values. */
export function percentile(values: readonly number[], p: number): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)];
}
