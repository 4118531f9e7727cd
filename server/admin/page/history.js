// The last hour as rows: what the server has kept, and on from there each snapshot; the charts draw them.

/** A row: the time (seconds since 1970), then these; null where a value is not known. */
const FIELDS = ['connections', 'opened', 'closed', 'received', 'delivered', 'pings'];
const HOUR_S = 3600;
/** The server keeps a point each 5 s. */
const STEP_S = 5;
/** Between rows farther apart than this there is a gap. */
const GAP_S = 2.5 * STEP_S;

/** Oldest first. */
let rows = [];

const unknownAt = (time) => [time, ...FIELDS.map(() => null)];

function addRow(row) {
  // The clock of the server has been set back.
  while (rows.length > 0 && rows.at(-1)[0] >= row[0]) rows.pop();
  rows.push(row);
  rows.splice(
    0,
    rows.findIndex(([time]) => time > row[0] - HOUR_S),
  );
}

/** Adds what the server has kept wherever this page has no row of its own. */
function addHistory(points) {
  const isNew = ([time]) => !rows.some(([known]) => Math.abs(known - time) < STEP_S);
  const kept = points.map(([timeMs, ...values]) => [
    timeMs / 1000,
    ...FIELDS.map((_, i) => values[i] ?? null),
  ]);
  rows = [...rows, ...kept.filter(isNew)].sort(([a], [b]) => a - b);
}

/** Lets the lines end: what comes next is of another server. */
function addGap() {
  if (rows.length > 0) rows.push(unknownAt(rows.at(-1)[0] + 0.001));
}

/** Adds the row of a snapshot. Its rates are those since an earlier one; neither has a worker without an answer. */
function addSnapshot(now, before) {
  const time = now.timeMs / 1000;
  if (now.workersMissing > 0) return addRow(unknownAt(time));
  // Without rates it would tear the lines that the history has begun.
  if (before === undefined) return;
  const rateOf = (read) => perSecond(before, now, read);
  addRow([
    time,
    now.connections,
    rateOf((at) => at.opened),
    rateOf((at) => sumOf(at.closed)),
    rateOf((at) => at.messages.received) / hearingIn(now),
    rateOf((at) => at.messages.delivered),
    rateOf((at) => at.pings),
  ]);
}

/** The times, and the values of some fields at them, for uPlot. */
function columnsOf(fields) {
  const columns = [[], ...fields.map(() => [])];
  const places = fields.map((field) => 1 + FIELDS.indexOf(field));
  const add = (row) => {
    columns[0].push(row[0]);
    places.forEach((place, i) => {
      columns[i + 1].push(row[place]);
    });
  };
  rows.forEach((row, i) => {
    const previous = rows[i - 1]?.[0] ?? row[0];
    if (row[0] - previous > GAP_S) add(unknownAt((row[0] + previous) / 2));
    add(row);
  });
  return columns;
}
