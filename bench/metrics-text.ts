// Reads the Prometheus text format, as far as a sum of samples needs it.

/**
 * The sum of a metric over its labels, undefined where the text has no sample of it.
 *
 * @param text in the exposition format 0.0.4
 * @param labels what the sample has to contain, such as `reason="client"`; all samples by default
 */
export function metricTotal(text: string, name: string, labels = ''): number | undefined {
  let total: number | undefined;
  for (const line of text.split('\n')) {
    if (!line.startsWith(name) || !/[ {]/.test(line[name.length] ?? '') || !line.includes(labels)) continue;
    const value = Number(line.slice(line.lastIndexOf(' ') + 1));
    if (!Number.isNaN(value)) total = (total ?? 0) + value;
  }
  return total;
}
