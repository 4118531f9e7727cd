// Numbers as people read them, and what lies between two histograms.

const integer = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const decimal = new Intl.NumberFormat('en-US', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const short = new Intl.NumberFormat('en-US', { notation: 'compact', maximumSignificantDigits: 3 });

const byId = (id) => document.getElementById(id);

/** A count; null stands for "no limit". */
const count = (value) => (value === null ? 'no limit' : integer.format(value));

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

/** A time of day, given in seconds since 1970. */
const clock = (time) => new Date(time * 1000).toTimeString().slice(0, 8);

/** A text as one word of a shell (POSIX.1-2017, Shell Command Language, section 2.2.2). */
const shellWord = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** A channel as the path of a URL. encodeURIComponent leaves five marks alone that RFC 3986 section 2.2 reserves. */
const channelPath = (channel) =>
  encodeURIComponent(channel)
    .replaceAll('%2F', '/')
    .replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);

const sumOf = (values) => Object.values(values).reduce((sum, value) => sum + value, 0);

/** Change per second of a counter between two snapshots; 0 where it began anew. */
const perSecond = (before, now, read) =>
  Math.max(0, read(now) - read(before)) / Math.max(0.2, (now.timeMs - before.timeMs) / 1000);

/** How many workers get each message: those that hear the broker. */
const hearingIn = ({ workers }) => Math.max(1, workers.filter(({ broker }) => broker.isConnected).length);

/** How many observations lie between two states of a histogram, bucket by bucket. */
const observedBetween = (before, after) =>
  after.counts.map((number, i) => Math.max(0, number - (before.counts[i] ?? 0)));

/** The bound below which a share of the observations between two states of a histogram lie, as text; – without any. */
function quantile(share, before, after) {
  const observed = observedBetween(before, after);
  const all = observed.reduce((sum, number) => sum + number, 0);
  if (all === 0) return '–';
  let seen = 0;
  const at = observed.findIndex((number) => {
    seen += number;
    return seen >= share * all;
  });
  const { bounds } = after;
  return at < bounds.length ? seconds(bounds[at]) : `not within ${seconds(bounds.at(-1))}`;
}

/** Mean of the observations between two states of a histogram; null without any. */
function mean(before, after) {
  const observed = observedBetween(before, after).reduce((sum, number) => sum + number, 0);
  return observed <= 0 ? null : (after.sum - before.sum) / observed;
}
