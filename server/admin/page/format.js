// Numbers as people read them, and what lies between two histograms.

const integer = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const decimal = new Intl.NumberFormat('en-US', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const short = new Intl.NumberFormat('en-US', { notation: 'compact', maximumSignificantDigits: 3 });

const byId = (id) => document.getElementById(id);

/** A count; null stands for "no bound". */
const count = (value) => (value === null ? 'no bound' : integer.format(value));

/** A rate per second: a decimal where it is small. */
const rate = (value) => (value > 0 && value < 9.95 ? decimal.format(value) : integer.format(value));

/** Bytes in powers of 1000. */
function bytes(value) {
  if (value === null) return '–';
  if (value < 1e3) return `${integer.format(value)} B`;
  if (value < 1e6) return `${decimal.format(value / 1e3)} kB`;
  if (value < 1e9) return `${integer.format(value / 1e6)} MB`;
  return `${decimal.format(value / 1e9)} GB`;
}

/** A short time, given in seconds. */
function seconds(value) {
  if (value === null) return '–';
  if (value < 1) return `${value < 0.01 ? decimal.format(value * 1e3) : integer.format(value * 1e3)} ms`;
  return `${decimal.format(value)} s`;
}

/** How long the server has been up: the two largest units. */
function duration(total) {
  const units = [
    ['d', 86_400],
    ['h', 3600],
    ['min', 60],
    ['s', 1],
  ];
  const first = units.findIndex(([, size]) => total >= size);
  if (first < 0) return '0 s';
  return units
    .slice(first, first + 2)
    .map(([unit, size], i) => `${Math.floor((i === 0 ? total : total % units[first][1]) / size)} ${unit}`)
    .join(' ');
}

/** How many observations lie between two states of a histogram, bucket by bucket. */
const observedBetween = (before, after) => after.counts.map((number, i) => number - (before.counts[i] ?? 0));

/** The bound below which a share of the observations between two states of a histogram lie; null without any. */
function quantile(share, before, after) {
  const observed = observedBetween(before, after);
  const all = observed.reduce((sum, number) => sum + number, 0);
  if (all <= 0) return null;
  let seen = 0;
  const at = observed.findIndex((number) => {
    seen += number;
    return seen >= share * all;
  });
  return after.bounds[at] ?? after.bounds.at(-1);
}

/** Mean of the observations between two states of a histogram; null without any. */
function mean(before, after) {
  const observed = observedBetween(before, after).reduce((sum, number) => sum + number, 0);
  return observed <= 0 ? null : (after.sum - before.sum) / observed;
}
